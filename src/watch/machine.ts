/*
 *  initial ──start───────────────────────────────┐
 *                                                ▼              changed              quiet
 *            ┌───────────────────────────────► building·calm ───────────► ·unsettled ───────► ·judging ──┐
 *            │                                   │  ▲  ▲                                ▲  changed │  │  │
 *          quiet, asked                          │  │  │ built: builds again            └──────────┘  │  │ stale
 *            │                                   │  │  └── ·later ◄─────────────────── unrelated ─────┘  ▼
 *            │                built, all heard   │  │                                               ·overtaken
 *  settling ─┘  ┌────────────────────────────────┘  └────────────── built: builds again ────────────────┘
 *     ▲         ▼
 *     └───── watching            stop, in any state: a build under way is interrupted and awaited (stopping), then stopped
 *    changed
 */

/** What the watcher is at. Of a build under way also how it stands to what changed since it began. */
export type State =
  | { kind: "initial" }
  | { kind: "watching" }
  /** Something changed at `since`; more may come with it. */
  | { kind: "settling"; since: number }
  | { kind: "building"; change: Change }
  /** A build under way has been interrupted. */
  | { kind: "stopping" }
  | { kind: "stopped" };

export type Change =
  | { kind: "calm" }
  | { kind: "unsettled"; since: number }
  /** What changed is compared with the build; `again`: and more has changed since. */
  | { kind: "judging"; again: boolean }
  /** The build goes on, another follows. */
  | { kind: "later" }
  /** What became stale of it is ended, another follows. */
  | { kind: "overtaken" };

export type Event =
  | { type: "start" }
  /** An input is not as it was; `at` in milliseconds of any steady clock. */
  | { type: "changed"; at: number }
  /** The time of the last `wait` is over. */
  | { type: "quiet" }
  | { type: "judged"; stale: boolean }
  /** A build ended. `unheard`: something may have changed that was not listened to, for it was new, or being written. */
  | { type: "built"; unheard: boolean }
  /** The user wants a build. */
  | { type: "asked" }
  | { type: "stop" };

export type Why = "start" | "change" | "asked" | "unheard";

export type Effect =
  /** Say `quiet` after so long; replaces a wait under way. */
  | { do: "wait"; ms: number }
  | { do: "build"; why: Why }
  | { do: "judge" }
  | { do: "overtake" }
  | { do: "interrupt" }
  | { do: "end" };

/** Milliseconds without a change after which a burst is over: a save is several events, a checkout thousands. */
export const QUIET_MS = 12;
/** A burst that does not end is not waited for longer. */
export const LONGEST_MS = 250;

/** One step: what the watcher is at after an event, and what is to be done. Pure. */
export function next(state: State, event: Event): { state: State; effects: Effect[] } {
  const stay = { state, effects: [] };
  if (event.type === "stop") return stop(state);
  switch (state.kind) {
    case "initial":
      return event.type === "start" ? building("start") : stay;
    case "watching":
      if (event.type === "changed") return { state: { kind: "settling", since: event.at }, effects: [wait(event.at, event.at)] };
      return event.type === "asked" ? building("asked") : stay;
    case "settling":
      if (event.type === "changed") return { state, effects: [wait(state.since, event.at)] };
      if (event.type === "asked") return building("asked");
      return event.type === "quiet" ? building("change") : stay;
    case "building":
      return whileBuilding(state, event);
    case "stopping":
      return event.type === "built" ? { state: { kind: "stopped" }, effects: [{ do: "end" }] } : stay;
    case "stopped":
      return stay;
    default:
      return state satisfies never;
  }
}

function whileBuilding(state: Extract<State, { kind: "building" }>, event: Exclude<Event, { type: "stop" }>): { state: State; effects: Effect[] } {
  const { change } = state;
  const now = (next: Change, ...effects: Effect[]): { state: State; effects: Effect[] } => ({ state: { kind: "building", change: next }, effects });
  switch (event.type) {
    case "changed":
      if (change.kind === "unsettled") return now(change, wait(change.since, event.at));
      if (change.kind === "judging") return now({ kind: "judging", again: true });
      // An overtaken build is followed by another, which will see this too.
      if (change.kind === "overtaken") return now(change);
      return now({ kind: "unsettled", since: event.at }, wait(event.at, event.at));
    case "quiet":
      return change.kind === "unsettled" ? now({ kind: "judging", again: false }, { do: "judge" }) : now(change);
    case "judged":
      if (change.kind !== "judging") return now(change);
      if (event.stale) return now({ kind: "overtaken" }, { do: "overtake" });
      return change.again ? now({ kind: "judging", again: false }, { do: "judge" }) : now({ kind: "later" });
    case "built":
      if (change.kind === "calm") return event.unheard ? building("unheard") : { state: { kind: "watching" }, effects: [] };
      // The wait for quiet goes on.
      if (change.kind === "unsettled") return { state: { kind: "settling", since: change.since }, effects: [] };
      return building("change");
    case "start":
    case "asked":
      return now(change);
    default:
      return event satisfies never;
  }
}

function stop(state: State): { state: State; effects: Effect[] } {
  if (state.kind === "stopped" || state.kind === "stopping") return { state, effects: [] };
  if (state.kind === "building") return { state: { kind: "stopping" }, effects: [{ do: "interrupt" }] };
  return { state: { kind: "stopped" }, effects: [{ do: "end" }] };
}

const building = (why: Why): { state: State; effects: Effect[] } => ({ state: { kind: "building", change: { kind: "calm" } }, effects: [{ do: "build", why }] });

const wait = (since: number, at: number): Effect => ({ do: "wait", ms: Math.max(0, Math.min(QUIET_MS, since + LONGEST_MS - at)) });
