/**
 * Random DAGs, random edits, kill -9 and Ctrl-C at random moments, two at once. The oracle is a build from scratch in another
 * directory, byte for byte; and no answer is bought twice but for those under way at a kill.
 *
 *   DAG_TORTURE=2000 DAG_TORTURE_SEED=7 npx vitest run test/torture.test.ts
 */
import { rmSync } from "node:fs";
import { describe, expect } from "vitest";
import { Project, test } from "./rig/index.ts";
import { Counter } from "./torture/counter.ts";
import { Dice } from "./torture/dice.ts";
import { edit, makeWorld, render } from "./torture/world.ts";

const rounds = Number(process.env["DAG_TORTURE"] ?? 24);
const seed = Number(process.env["DAG_TORTURE_SEED"] ?? 20241014);
/** Rounds on one project before another is drawn. */
const life = 8;

/** One project's life: edits, interrupted builds, and after each round the comparison. */
async function live(dice: Dice, n: number, label: string): Promise<void> {
  const p = new Project();
  const oracle = new Project("from/scratch");
  const [counter, other] = [await Counter.start(new Dice(dice.int(0, 1e9))), await Counter.start(new Dice(1))];
  const world = makeWorld(dice);
  const history: string[] = [];
  let written: Record<string, string> = {};
  p.env["TORTURE_KEY"] = oracle.env["TORTURE_KEY"] = "key";

  const write = (): void => {
    const files = render(world, counter.url);
    for (const name of Object.keys(written)) if (!(name in files)) p.remove(name);
    for (const [name, text] of Object.entries(files)) if (written[name] !== text) p.write({ [name]: text });
    written = files;
  };
  const harmOutputs = (): void => {
    const paths = Object.keys(p.artifacts());
    if (paths.length === 0) return;
    const path = dice.pick(paths);
    switch (dice.int(0, 3)) {
      case 0: p.remove(`artifacts/${path}`); history.push(`removed ${path}`); break;
      case 1: p.write({ [`artifacts/${path}`]: "edited by hand\n" }); history.push(`edited ${path}`); break;
      case 2: p.remove("dag.lock"); history.push("removed dag.lock"); break;
      default: p.remove("artifacts"); history.push("removed artifacts"); break;
    }
  };

  try {
    for (let round = 0; round < n; round++) {
      for (let i = dice.int(round === 0 ? 0 : 1, 3); i > 0; i--) history.push(edit(world, dice));
      if (dice.chance(0.25)) harmOutputs();
      write();
      for (let kills = dice.int(0, 2); kills > 0; kills--) {
        const running = p.start("run", "-j", String(dice.int(1, 4)));
        await Promise.race([running.result, new Promise((go) => setTimeout(go, dice.int(20, 900)))]);
        const signal = dice.chance(0.75) ? "SIGKILL" : "SIGINT";
        history.push(signal);
        counter.note(signal);
        try { running.kill(signal); } catch { /* it was done */ }
        await running.result;
        // An interrupted one waits for its answers.
        if (signal === "SIGKILL") await counter.killed(p.path("cache/calls/answers/data.mdb"));
        if (dice.chance(0.2)) { history.push(edit(world, dice)); write(); }
      }
      counter.note("to its end");
      const together = dice.chance(0.15);
      history.push(together ? "run twice at once" : "run");
      const results = await Promise.all([p.run(), ...(together ? [p.run("-j", "1")] : [])]);
      const told = `${label}, round ${String(round)}: ${history.join("; ")}\n${JSON.stringify(world)}\n`;
      for (const result of results) {
        expect(result.code, told + result.stdout + result.stderr).toBe(0);
        expect(result.stderr, told).not.toContain("changed while it ran"); // nobody edits now
      }

      rmSync(oracle.root, { recursive: true });
      oracle.write(render(world, other.url));
      const scratch = await oracle.run();
      expect(scratch.code, told + scratch.stderr).toBe(0);
      expect(scratch.events.filter(({ event }) => event === "warning"), told).toEqual([]); // nobody touched its inputs
      expect(p.lock(), told).toEqual(oracle.lock());
      expect(p.read("dag.lock"), told).toBe(oracle.read("dag.lock"));
      const expected = oracle.artifacts();
      const found = p.artifacts();
      expect(Object.fromEntries(Object.keys(expected).map((path) => [path, found[path]])), told).toEqual(expected);
      expect(counter.boughtTwice(), told).toEqual([]);
      const again = await p.run();
      expect(again.done.ran, told).toEqual([]);
      expect(again.outcomes["restored"], told).toBe(undefined);
      expect(Object.keys(p.artifacts()).filter((path) => !(path in found)), told).toEqual([]);
    }
    expect(counter.total).toBeGreaterThan(0);
  } finally {
    await Promise.all([p.dispose(), oracle.dispose(), counter.close(), other.close()]);
  }
}

describe.concurrent("torture", () => {
  const lives = Math.ceil(rounds / life);
  test.for(Array.from({ length: lives }, (_, i) => i))(
    "life %i: after edits, kills and interrupts the build has the bytes of one from scratch, and every answer was bought once",
    { timeout: 60_000 * life },
    async (i) => {
      const own = (seed + i * 7919) >>> 0;
      await live(new Dice(own), Math.min(life, rounds - i * life), `seed ${String(own)}`);
    },
  );
});
