export interface Schedule<Id> {
  /** Topological; needs outside the list count as done. */
  cells: { id: Id; needs: readonly Id[] }[];
  /** Cells under way at once. */
  jobs: number;
  keepGoing: boolean;
  /** Nothing new is started once this is true. */
  stopped: () => boolean;
  /** Brings a cell up to date; false if its dependents cannot go on. */
  run: (id: Id) => Promise<boolean>;
}

export type Scheduled<Id> = { kind: "done" } | { kind: "failed" } | { kind: "skipped"; because: Id | undefined };

/**
 * Runs cells as soon as what they need is there, at most `jobs` at once, lower positions first. Linear in cells and edges.
 * A failure stops the start of others, unless `keepGoing`; what runs already is finished either way. Throws, once all is quiet, what `run` threw first.
 */
export async function schedule<Id>({ cells, jobs, keepGoing, stopped, run }: Schedule<Id>): Promise<Map<Id, Scheduled<Id>>> {
  const position = new Map(cells.map(({ id }, i) => [id, i] as const));
  const waiting = cells.map(({ needs }) => needs.filter((need) => position.has(need)).length);
  const dependents = cells.map((): number[] => []);
  for (const [i, { needs }] of cells.entries()) for (const need of needs) dependents[position.get(need) ?? -1]?.push(i);
  const outcomes = new Map<Id, Scheduled<Id>>();
  const ready = new Heap(waiting.flatMap((count, i) => (count === 0 ? [i] : [])));
  const running = new Set<Promise<void>>();
  let failed = false;
  let fatal: { error: unknown } | undefined;

  const start = (index: number): void => {
    const id = cells[index]?.id as Id;
    const broken = (error: unknown): false => {
      fatal ??= { error };
      return false;
    };
    const task: Promise<void> = run(id).catch(broken).then((ok) => {
      running.delete(task);
      outcomes.set(id, { kind: ok ? "done" : "failed" });
      failed ||= !ok;
      if (ok) for (const next of dependents[index] ?? []) if (--(waiting[next] as number) === 0) ready.push(next);
    });
    running.add(task);
  };
  for (;;) {
    while (running.size < jobs && !stopped() && fatal === undefined && (keepGoing || !failed)) {
      const index = ready.pop();
      if (index === undefined) break;
      start(index);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (fatal !== undefined) throw fatal.error;
  for (const { id, needs } of cells) {
    if (outcomes.has(id)) continue;
    const because = needs.find((need) => outcomes.has(need) && outcomes.get(need)?.kind !== "done");
    outcomes.set(id, { kind: "skipped", because });
  }
  return outcomes;
}

/** Smallest position first. */
class Heap {
  private readonly items: number[] = [];
  constructor(items: number[]) {
    for (const item of items) this.push(item);
  }

  push(item: number): void {
    const { items } = this;
    let i = items.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((items[parent] as number) <= item) break;
      items[i] = items[parent] as number;
      i = parent;
    }
    items[i] = item;
  }

  pop(): number | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number)) child++;
      if ((items[child] as number) >= last) break;
      items[i] = items[child] as number;
      i = child;
    }
    items[i] = last;
    return top;
  }
}
