/** Nodes of a graph in topological order: of those that are ready, the one that stands first in `names`. Nodes of cycles are left out. */
export function topological(names: readonly string[], needs: (name: string) => readonly string[]): string[] {
  const index = new Map(names.map((name, at) => [name, at]));
  const users = new Map<string, string[]>();
  const waiting = new Map<string, number>();
  const ready = new Heap();
  for (const name of names) {
    const known = needs(name).filter((need) => index.has(need));
    waiting.set(name, known.length);
    for (const need of known) {
      const list = users.get(need);
      if (list) list.push(name);
      else users.set(need, [name]);
    }
  }
  for (const [name, count] of waiting) if (count === 0) ready.push(index.get(name) ?? 0);
  const order: string[] = [];
  for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
    const name = names[at] ?? "";
    order.push(name);
    for (const user of users.get(name) ?? []) {
      const left = (waiting.get(user) ?? 0) - 1;
      waiting.set(user, left);
      if (left === 0) ready.push(index.get(user) ?? 0);
    }
  }
  return order;
}

/** One cycle per tangle of nodes, each as the path `a, b, a` that starts at the node that stands first. */
export function cycles(names: readonly string[], needs: (name: string) => readonly string[]): string[][] {
  const known = new Set(names);
  const state = new Map<string, "open" | "done">();
  const found: string[][] = [];
  for (const start of names) {
    if (state.has(start)) continue;
    // Depth first with a stack of its own: a chain of 10,000 stages is deeper than the call stack.
    const path: { name: string; rest: string[] }[] = [];
    const enter = (name: string) => {
      state.set(name, "open");
      path.push({ name, rest: needs(name).filter((need) => known.has(need)) });
    };
    enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const next = top.rest.shift();
      if (next === undefined) {
        state.set(top.name, "done");
        path.pop();
      } else if (!state.has(next)) enter(next);
      else if (state.get(next) === "open") found.push(path.slice(path.findIndex((step) => step.name === next)).map((step) => step.name));
    }
  }
  return found.map((cycle) => rotate(cycle, names));
}

function rotate(cycle: string[], names: readonly string[]): string[] {
  const members = new Set(cycle);
  const first = names.find((name) => members.has(name)) ?? "";
  const at = cycle.indexOf(first);
  return [...cycle.slice(at), ...cycle.slice(0, at), first];
}

/** The smallest number first. */
class Heap {
  readonly #list: number[] = [];

  push(value: number): void {
    const list = this.#list;
    let at = list.push(value) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if ((list[up] ?? 0) <= value) break;
      list[at] = list[up] ?? 0;
      at = up;
    }
    list[at] = value;
  }

  pop(): number | undefined {
    const list = this.#list;
    const top = list[0];
    const last = list.pop();
    if (list.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= list.length) break;
      if (down + 1 < list.length && (list[down + 1] ?? 0) < (list[down] ?? 0)) down++;
      if ((list[down] ?? 0) >= last) break;
      list[at] = list[down] ?? 0;
      at = down;
    }
    list[at] = last;
    return top;
  }
}
