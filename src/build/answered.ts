/** Hears of a call that was answered: its role, the snapshot, and the keys of the answers, attempts that were not usable too. */
export type Answered = (role: string, snapshot: string, keys: readonly string[]) => void;

/** Role → keys of its answers, each once, in the order they came. */
export type CallKeys = Record<string, string[]>;

/** What answered an item or a cell, by role, in the order heard. */
export class AnswerLog {
  private readonly snapshots = new Map<string, Set<string>>();
  private readonly keys = new Map<string, Set<string>>();

  readonly add: Answered = (role, snapshot, keys) => {
    setOf(this.snapshots, role).add(snapshot);
    for (const key of keys) setOf(this.keys, role).add(key);
  };

  /** Role → snapshots of its model; nothing where none was asked. */
  told(): { snapshots?: Record<string, string[]> } {
    return this.snapshots.size === 0 ? {} : { snapshots: listsOf(this.snapshots) };
  }

  calls(): CallKeys {
    return listsOf(this.keys);
  }
}

function setOf(sets: Map<string, Set<string>>, role: string): Set<string> {
  const known = sets.get(role) ?? new Set();
  sets.set(role, known);
  return known;
}

const listsOf = (sets: ReadonlyMap<string, Set<string>>): Record<string, string[]> => Object.fromEntries([...sets].map(([role, list]) => [role, [...list]]));
