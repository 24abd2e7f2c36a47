import type { JsonRecord } from "../../stage/index.ts";
import { evidence } from "./evidence.ts";
import type { TracedCall, TraceNode } from "./types.ts";

/** Different answers that are compared, each with each. */
const MOST_GROUPS = 300;

/** A call (its attempts together) whose answer may be a record's, by what of the answer stands in the record. */
export interface Candidate {
  chain: TracedCall[];
  /** Share of the answer that stands in the record; 0 where nothing does. */
  score: number;
  said: string[];
  /** `text`: by words of its own. `short`: a yes, a label of three letters, a number; `silent`: nothing of it. `asked`: by what was asked, as embeddings and images are. */
  by: "text" | "short" | "silent" | "asked";
}

export interface Chosen {
  own: TracedCall[][];
  /** Of each of these lists one call is the record's own, or none. */
  oneOf: TracedCall[][][];
}

interface Group {
  members: Candidate[];
  said: string[];
  score: number;
  /** What the best of its prompts has of the record. */
  best: number;
}

/**
 * The calls that are a record's own. Where several gave the same answer, or one's is a part of another's, the prompt tells: the record's own has its id in
 * it, or what the record names. Those that cannot be told apart so are not its own: one of them is.
 */
export function choose(candidates: readonly Candidate[], record: JsonRecord, near: readonly TraceNode[]): Chosen {
  const own = leading(candidates, "asked");
  const oneOf: TracedCall[][][] = [];
  const answers = [...leading(candidates, "text"), ...leading(candidates, "short")];
  const silent = answers.length > 0 ? [] : candidates.filter(({ by }) => by === "silent");
  for (const list of byRole(answers.length > 0 ? answers : silent).values()) {
    const groups = grouped(list);
    const rivals = (group: Group): Group[] => (groups.length > MOST_GROUPS ? [] : groups.filter((other) => other !== group && isPart(group.said, other.said)));
    const weightOf = new Map<Candidate, number>();
    if (groups.some((group) => group.members.length > 1 || group.members[0]?.by !== "text" || rivals(group).length > 0)) {
      const weights = evidence(list.map(({ chain }) => promptOf(chain)), record, near, new Set(list.flatMap(({ said }) => said)));
      for (const [i, one] of list.entries()) weightOf.set(one, weights[i] ?? 0);
      for (const group of groups) group.best = Math.max(...group.members.map((one) => weightOf.get(one) ?? 0));
    }
    for (const group of groups) {
      if (rivals(group).some((other) => isOutdone(group, other))) continue;
      const top = group.members.filter((one) => isClose(weightOf.get(one) ?? 0, group.best));
      const byPrompt = group.best > 0 && new Set(top.map(({ chain }) => promptOf(chain))).size === 1;
      if (byPrompt || (group.members.length === 1 && group.members[0]?.by === "text")) own.push(...top);
      else if (group.members.length > 1 && group.said.length > 0) oneOf.push(top.map(({ chain }) => chain));
    }
  }
  return { own: own.sort((a, b) => b.score - a.score).map(({ chain }) => chain), oneOf };
}

/** Those of a kind of which at least half as much stands in the record as of the best. */
function leading(candidates: readonly Candidate[], by: Candidate["by"]): Candidate[] {
  const best = Math.max(...candidates.filter((one) => one.by === by).map(({ score }) => score));
  return candidates.filter((one) => one.by === by && one.score > 0 && one.score * 2 >= best);
}

function byRole(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const roles = new Map<string, Candidate[]>();
  for (const one of candidates) {
    const role = one.chain[0]?.role ?? "";
    const known = roles.get(role);
    if (known === undefined) roles.set(role, [one]);
    else known.push(one);
  }
  return roles;
}

/** Candidates that said the same. */
function grouped(candidates: readonly Candidate[]): Group[] {
  const groups = new Map<string, Group>();
  for (const one of candidates) {
    const key = JSON.stringify([...one.said].sort());
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { members: [one], said: one.said, score: one.score, best: 0 });
    else {
      known.members.push(one);
      known.score = Math.max(known.score, one.score);
    }
  }
  return [...groups.values()];
}

/** Of a group that said a part of what another did: is the other's claim better? */
const isOutdone = (group: Group, other: Group): boolean => (group.best === 0 && other.best > 0) || (group.score < other.score && group.best <= other.best);

const isPart = (said: readonly string[], of: readonly string[]): boolean => said.length > 0 && said.every((text) => of.some((other) => other.includes(text)));

const isClose = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;

function promptOf([first]: readonly TracedCall[]): string {
  return first === undefined || typeof first.stored === "string" ? "" : first.stored.prompt.map(({ text }) => text).join("\n");
}
