import type { CellChange, ChangedInput, ChangeGroup, CellStanding, InputWords, Side } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import { changedFiles, cut } from "../../report/index.ts";
import { common, printJson } from "../common.ts";
import { bytesText, count, few } from "./words.ts";

type Say = (lines: readonly string[]) => void;

const short = (hash: string | undefined): string => (hash === undefined ? "none" : hash.slice(7, 15));

/** The two builds, and how many cells are what. */
export function headLines(before: Side, after: Side, changes: readonly CellChange[], width: number): string[] {
  const named = ({ name, revision }: Side): string => `${printable(name)}${revision === undefined || revision.startsWith(name) ? "" : ` (${revision.slice(0, 12)})`}`;
  const of = (standing: CellStanding): number => changes.filter((change) => change.standing === standing).length;
  const same = of("equal");
  const head = cut(`${named(before)} → ${named(after)}`, width);
  if (same === changes.length) return [head, `equal: ${same === 1 ? "the cell is the same" : `all ${count(same, "cell")} are the same`}`];
  const parts = ([["changed", "changed"], ["same-bytes", "rebuilt with the same bytes"], ["moved", "moved"], ["added", "added"], ["removed", "removed"], ["unreadable", "unreadable"]] as const).flatMap(([standing, word]) => (of(standing) > 0 ? [`${of(standing).toLocaleString("en-US")} ${word}`] : []));
  return [head, `${count(changes.length, "cell")}: ${[...parts, `${same.toLocaleString("en-US")} the same`].join(", ")}`];
}

const WORDS: Record<CellStanding, string> = { added: "added", removed: "removed", changed: "changed", "same-bytes": "other inputs, the same bytes", moved: "the same at another path", equal: "the same", unreadable: "its entry in the lock is damaged" };

/** Tells what became of cells and why: causes with the words of what changed, consequences with what they follow from. */
export class CellPrinter {
  constructor(
    private readonly before: Side,
    private readonly after: Side,
    private readonly words: InputWords,
    private readonly width: number,
    private readonly say: Say,
  ) {}

  async tell(group: ChangeGroup): Promise<void> {
    const { stage, standing, causes, because, roots, cells } = group;
    const inputs: ChangedInput[] = [];
    for (const cause of causes) inputs.push(await this.words.of(stage, cause));
    if (common.json) {
      for (const change of cells) printJson(this.event(change, group, inputs, await this.filesOf(change)));
      return;
    }
    const [only] = cells;
    const files = cells.length === 1 && only !== undefined ? await this.filesOf(only) : [];
    const name = cells.length === 1 && only !== undefined ? only.cell : `${stage} (${cells.length} cells)`;
    const size = cells.length === 1 && standing === "changed" && only?.before !== undefined && only.after !== undefined ? ` (${sizeText(only.before, only.after)})` : "";
    const follows = because.length === 0 ? "" : ` because of ${few(because)}`;
    const lines = ["", `${printable(name)}  ${WORDS[standing]}${causes.length === 0 ? follows : ""}${size}`];
    // What the stages just named changed by themselves is told with them.
    const farther = roots.filter((root) => !because.includes(root.stage)).map((root) => `${root.what} of ${root.stage}`);
    if (causes.length === 0 && farther.length > 0) lines.push(`  begins with ${few(farther, 3)}`);
    for (const input of inputs) lines.push(...inputLines(input, this.width === Infinity));
    if (causes.length > 0 && because.length > 0) lines.push(`  and${follows}`);
    if (standing === "changed" && causes.length + because.length === 0) lines.push("  all its inputs are the same: it depends on something it does not", "  declare, or was edited (dag verify --rebuild)");
    if (standing === "moved" && only?.before !== undefined && only.after !== undefined) lines.push(`  ${printable(only.before.path)} → ${printable(only.after.path)}`);
    if (files.length > 0) lines.push(`  ${files.length === 1 ? "differs" : `${files.length} files differ`}: ${few(files)}`);
    this.say(lines.map((line) => cut(line, this.width)));
  }

  /** Files of a directory artifact that differ. */
  private async filesOf({ cell, standing }: CellChange): Promise<string[]> {
    if (standing !== "changed") return [];
    const { pairs } = await changedFiles(cell, this.before, this.after);
    return pairs.flatMap(({ file }) => (file === "" ? [] : [file]));
  }

  private event({ cell, standing, before, after, needs }: CellChange, { because, roots }: ChangeGroup, inputs: readonly ChangedInput[], files: readonly string[]): object {
    const side = (locked: CellChange["before"]): object | undefined => locked && { artifact: locked.artifact, bytes: locked.bytes, path: locked.path, ...(locked.records === undefined ? {} : { records: locked.records }) };
    return { event: "cell", cell, change: standing, ...(before === undefined ? {} : { before: side(before) }), ...(after === undefined ? {} : { after: side(after) }), ...(files.length === 0 ? {} : { files }), inputs: [...inputs, ...needs], because, roots: roots.map((root) => `${root.what} of ${root.stage}`) };
  }
}

function sizeText(before: NonNullable<CellChange["before"]>, after: NonNullable<CellChange["after"]>): string {
  const [a, b] = [before, after].map(({ records, bytes }) => (records === undefined ? bytesText(bytes) : count(records, "record")));
  return a === b ? (a ?? "") : `${a} → ${b}`;
}

function inputLines({ label, old, new: now, files, detail }: ChangedInput, whole: boolean): string[] {
  const [file] = files;
  const change = old === undefined ? `new (${short(now)})` : now === undefined ? `gone (was ${short(old)})` : `${short(old)} → ${short(now)}`;
  const stat = files.length === 1 && file !== undefined ? `  ${file.path} +${file.added} -${file.removed}` : "";
  const lines = [`  ${printable(label)}  ${change}${printable(stat)}`];
  for (const one of files) {
    if (files.length > 1) lines.push(`    ${printable(one.path)} +${one.added} -${one.removed}`);
    const from = whole ? 0 : commonStart(one.old, one.new);
    const shown = (text: string): string => printable(from === 0 ? text : `…${text.slice(from)}`);
    if (one.old !== undefined) lines.push(`    ${one.line} - ${shown(one.old)}`);
    if (one.new !== undefined) lines.push(`    ${one.line} + ${shown(one.new)}`);
  }
  return [...lines, ...detail.map((line) => `    ${printable(line)}`)];
}

/** How much of two long lines may be left out, so that what differs is seen. */
function commonStart(a = "", b = ""): number {
  if (Math.max(a.length, b.length) <= 66) return 0;
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same++;
  const from = Math.max(0, same - 20);
  // Never between the halves of a character.
  return /^[\udc00-\udfff]/.test(a.slice(from)) ? from - 1 : from;
}
