/** The watcher's states, without files and clocks: events in, what is to be done out. */
import { describe, expect, test } from "vitest";
import { LONGEST_MS, next, QUIET_MS } from "../src/watch/machine.ts";
import type { Effect, Event, State } from "../src/watch/machine.ts";

/** What a run of events does, as words; and where it ends. */
function play(...events: Event[]): { done: string[]; state: State } {
  let state: State = { kind: "initial" };
  const done: string[] = [];
  for (const event of events) {
    const step: { state: State; effects: Effect[] } = next(state, event);
    state = step.state;
    for (const effect of step.effects) done.push(effect.do === "wait" ? `wait ${String(effect.ms)}` : effect.do === "build" ? `build ${effect.why}` : effect.do);
  }
  return { done, state };
}

const start: Event = { type: "start" };
const quiet: Event = { type: "quiet" };
const built: Event = { type: "built", unheard: false };
const changed = (at = 0): Event => ({ type: "changed", at });
const judged = (stale: boolean): Event => ({ type: "judged", stale });
const idle = [start, built];

describe("the watcher's states", () => {
  test("a start builds, and then it watches", () => {
    expect(play(...idle)).toEqual({ done: ["build start"], state: { kind: "watching" } });
  });

  test("a burst of changes is one build", () => {
    expect(play(...idle, changed(0), changed(3), changed(5), quiet).done).toEqual(["build start", `wait ${String(QUIET_MS)}`, `wait ${String(QUIET_MS)}`, `wait ${String(QUIET_MS)}`, "build change"]);
  });

  test("a burst that does not end is not waited for for ever", () => {
    const { done } = play(...idle, changed(0), changed(LONGEST_MS - 5), changed(LONGEST_MS + 100));
    expect(done).toEqual(["build start", `wait ${String(QUIET_MS)}`, "wait 5", "wait 0"]);
  });

  test("a change during a build is judged once it is quiet, not before", () => {
    expect(play(start, changed(), changed()).done).not.toContain("judge");
    expect(play(start, changed(), changed(), quiet)).toEqual({ done: ["build start", `wait ${String(QUIET_MS)}`, `wait ${String(QUIET_MS)}`, "judge"], state: { kind: "building", change: { kind: "judging", again: false } } });
  });

  test("a change that touches nothing of the build leaves it alone, and is built after it", () => {
    const { done } = play(start, changed(), quiet, judged(false), built);
    expect(done).not.toContain("overtake");
    expect(done.at(-1)).toBe("build change");
  });

  test("a change that makes work of the build stale ends that work, once, and builds again", () => {
    const { done } = play(start, changed(), quiet, judged(true), changed(), quiet, judged(true), built);
    expect(done.slice(-3)).toEqual(["judge", "overtake", "build change"]);
    expect(done.filter((what) => what === "overtake")).toHaveLength(1);
  });

  test("a change while another is judged is judged after it", () => {
    const { done } = play(start, changed(), quiet, changed(), judged(false));
    expect(done.filter((what) => what === "judge")).toHaveLength(2);
    expect(play(start, changed(), quiet, changed(), judged(false), judged(false)).state).toEqual({ kind: "building", change: { kind: "later" } });
  });

  test("a build that ends while changes still come waits for quiet; while one is judged, it is followed at once", () => {
    expect(play(start, changed(), built).state).toEqual({ kind: "settling", since: 0 });
    expect(play(start, changed(), built, quiet).done.at(-1)).toBe("build change");
    expect(play(start, changed(), quiet, built).done.at(-1)).toBe("build change");
  });

  test("a verdict on a build that has ended says nothing of the next", () => {
    expect(play(start, changed(), quiet, built, judged(true)).done).not.toContain("overtake");
  });

  test("a build that looked at places nobody listened to is followed by another look", () => {
    expect(play(start, { type: "built", unheard: true }, built)).toEqual({ done: ["build start", "build unheard"], state: { kind: "watching" } });
  });

  test("asked for, it builds at once; while it builds, it does not build twice", () => {
    expect(play(...idle, { type: "asked" }).done.at(-1)).toBe("build asked");
    expect(play(...idle, changed(), { type: "asked" }, quiet).done.filter((what) => what.startsWith("build"))).toEqual(["build start", "build asked"]);
    expect(play(start, { type: "asked" }, built).done).toEqual(["build start"]);
  });

  test("a stop ends it: at once where it rests, after the interrupted build where it builds", () => {
    const stop: Event = { type: "stop" };
    expect(play(...idle, stop)).toEqual({ done: ["build start", "end"], state: { kind: "stopped" } });
    expect(play(...idle, changed(), stop, quiet).done.at(-1)).toBe("end");
    expect(play(start, stop).done).toEqual(["build start", "interrupt"]);
    expect(play(start, changed(), quiet, stop, judged(true), stop, built)).toEqual({ done: ["build start", `wait ${String(QUIET_MS)}`, "judge", "interrupt", "end"], state: { kind: "stopped" } });
  });

  test("whatever comes in whatever order: never two builds at once, and after a change there is always a build that began later", () => {
    // Every sequence of six events after the start.
    const all: Event[] = [changed(), quiet, judged(true), judged(false), built, { type: "built", unheard: true }, { type: "asked" }];
    let seen = 0;
    const lost: string[] = [];
    const doubled: string[] = [];
    const explore = (state: State, building: boolean, owed: boolean, depth: number): void => {
      seen++;
      // Something is still to come for a change that has not been built.
      if (owed && !(state.kind === "settling" || (state.kind === "building" && state.change.kind !== "calm"))) lost.push(JSON.stringify(state));
      if (depth === 0) return;
      for (const event of all) {
        if (event.type === "built" && !building) continue;
        const step = next(state, event);
        const builds = step.effects.filter((effect) => effect.do === "build").length;
        const still = building && event.type !== "built";
        if (builds + Number(still) > 1) doubled.push(`${JSON.stringify(state)} ${event.type}`);
        explore(step.state, still || builds > 0, builds > 0 ? false : owed || event.type === "changed", depth - 1);
      }
    };
    explore(next({ kind: "initial" }, start).state, true, false, 6);
    expect(seen).toBeGreaterThan(10_000);
    expect({ lost, doubled }).toEqual({ lost: [], doubled: [] });
  });
});
