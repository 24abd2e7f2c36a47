import type { LockCell, Sha256 } from "../../store/index.ts";
import type { Side } from "./types.ts";

/** An input that is not what it was; undefined where there was or is none. */
export interface InputChange {
  label: string;
  old?: Sha256;
  new?: Sha256;
}

/**
 * `changed`: other bytes · `same-bytes`: other inputs that came out equal · `moved`: the same at another path · `equal`: nothing differs.
 * A cell of other bytes and no changed input depends on something it does not declare.
 */
export type CellStanding = "added" | "removed" | "changed" | "same-bytes" | "moved" | "equal" | "unreadable";

export interface CellChange {
  cell: string;
  standing: CellStanding;
  before?: LockCell;
  after?: LockCell;
  /** Inputs of its own that changed: what the change begins with. */
  causes: InputChange[];
  /** Needs whose artifacts changed: consequences of what changed there. */
  needs: InputChange[];
}

/** Every cell of two builds, sorted. */
export function cellChanges(before: Side, after: Side): CellChange[] {
  const damaged = new Set([...before.problems, ...after.problems].flatMap(({ entry }) => (entry === undefined ? [] : [entry])));
  return [...new Set([...Object.keys(before.cells), ...Object.keys(after.cells), ...damaged])].sort().map((cell) => changeOf(cell, before.cells[cell], after.cells[cell], damaged.has(cell)));
}

function changeOf(cell: string, before: LockCell | undefined, after: LockCell | undefined, damaged: boolean): CellChange {
  const sides = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  if (damaged) return { cell, standing: "unreadable", ...sides, causes: [], needs: [] };
  if (before === undefined || after === undefined) return { cell, standing: before === undefined ? "added" : "removed", ...sides, causes: [], needs: [] };
  const inputs = [...new Set([...Object.keys(before.inputs), ...Object.keys(after.inputs)])].sort().flatMap((label): InputChange[] => {
    const [old, now] = [before.inputs[label], after.inputs[label]];
    return old === now ? [] : [{ label, ...(old === undefined ? {} : { old }), ...(now === undefined ? {} : { new: now }) }];
  });
  // A need that came or went is wiring, and that is the stage's own.
  const follows = ({ label, old, new: now }: InputChange): boolean => label.startsWith("needs.") && old !== undefined && now !== undefined;
  const standing: CellStanding = before.artifact !== after.artifact ? "changed" : inputs.length > 0 || before.recipe !== after.recipe ? "same-bytes" : before.path !== after.path ? "moved" : "equal";
  return { cell, standing, ...sides, causes: inputs.filter((input) => !follows(input)), needs: inputs.filter(follows) };
}

/** Cells of one stage that changed alike: same standing, the same inputs of their own from and to the same, the same needs. */
export interface ChangeGroup {
  stage: string;
  standing: CellStanding;
  cells: CellChange[];
  /** As in every cell of the group. */
  causes: InputChange[];
  /** Stages whose artifacts changed and that it needs. */
  because: string[];
  /** Where these changes begin. */
  roots: { stage: string; what: string }[];
}

/** Changes by stage, in the order of the cells; equal cells are left out. */
export function groupChanges(changes: readonly CellChange[]): ChangeGroup[] {
  const groups = new Map<string, ChangeGroup>();
  for (const change of changes) {
    if (change.standing === "equal") continue;
    const stage = stageOf(change.cell);
    const because = change.needs.map(({ label }) => label.slice("needs.".length));
    const key = JSON.stringify([stage, change.standing, change.causes, because]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { stage, standing: change.standing, cells: [change], causes: change.causes, because, roots: [] });
    else known.cells.push(change);
  }
  const list = [...groups.values()];
  const byStage = new Map<string, ChangeGroup[]>();
  for (const group of list) byStage.set(group.stage, [...(byStage.get(group.stage) ?? []), group]);
  const known = new Map<string, ChangeGroup["roots"]>();
  for (const group of list) {
    const key = JSON.stringify(group.because);
    group.roots = known.get(key) ?? rootsOf(group.because, byStage);
    known.set(key, group.roots);
  }
  return ordered(list, byStage);
}

/** Causes in stages, and in what changed upstream of them. */
function rootsOf(because: readonly string[], byStage: ReadonlyMap<string, readonly ChangeGroup[]>): ChangeGroup["roots"] {
  const seen = new Set<string>();
  const roots = new Map<string, { stage: string; what: string }>();
  const put = (stage: string, what: string): void => void roots.set(JSON.stringify([stage, what]), { stage, what });
  const visit = (stage: string): void => {
    if (seen.has(stage)) return;
    seen.add(stage);
    for (const { causes, standing, because: further } of byStage.get(stage) ?? []) {
      for (const { label } of causes) put(stage, label);
      if (standing === "added" || standing === "removed") put(stage, `cells ${standing}`);
      further.forEach(visit);
    }
  };
  because.forEach(visit);
  return [...roots].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, root]) => root);
}

/** Causes first, then what follows from them, each after what it follows from. */
function ordered(groups: readonly ChangeGroup[], byStage: ReadonlyMap<string, readonly ChangeGroup[]>): ChangeGroup[] {
  const depth = new Map<string, number>();
  const depthOf = (stage: string, above: readonly string[] = []): number => {
    const known = depth.get(stage);
    if (known !== undefined) return known;
    if (above.includes(stage)) return 0;
    const found = Math.max(0, ...(byStage.get(stage) ?? []).flatMap(({ because }) => because.map((need) => 1 + depthOf(need, [...above, stage]))));
    depth.set(stage, found);
    return found;
  };
  return [...groups].sort((a, b) => depthOf(a.stage) - depthOf(b.stage) || (a.stage < b.stage ? -1 : a.stage > b.stage ? 1 : 0));
}

/** The stage of a cell id: `documents` of `documents@noise=0.5`. */
const stageOf = (cell: string): string => cell.replace(/@.*$/s, "");
