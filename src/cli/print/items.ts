import { printable } from "../../pipeline/index.ts";
import { cut } from "../../report/index.ts";
import type { FieldChange, ItemChange, ItemCounts } from "../../report/index.ts";
import { common, printJson } from "../common.ts";
import { count, few } from "./words.ts";

type Say = (lines: readonly string[]) => void;
type Totals = Omit<ItemCounts, "cell" | "file">;

/** Examples of a stage, and fields named of one record. */
const EXAMPLES = 3;
const FIELDS = 4;

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

/** Counts the records of changed artifacts stage by stage and shows a few, or all of them. */
export class ItemPrinter {
  readonly totals: Totals = { added: 0, removed: 0, changed: 0, same: 0 };
  private counted: ItemCounts[] = [];
  /** Of a stage, by file. */
  private readonly shown = new Map<string, { fields: Map<string, number>; examples: Record<ItemChange["change"], string[]> }>();
  private begun = false;
  /** Stage and file of the record that was told last. */
  private place = "";

  constructor(
    private readonly every: boolean,
    private readonly width: number,
    private readonly say: Say,
  ) {}

  note(one: ItemChange | ItemCounts): void {
    if ("change" in one) {
      if (common.json) printJson({ event: "item", ...one });
      else this.show(one);
      return;
    }
    if (common.json) printJson({ event: "items", ...one });
    this.counted.push(one);
    for (const key of ["added", "removed", "changed", "same"] as const) this.totals[key] += one[key];
  }

  /** Says what there is to say of a stage whose cells have been noted, file by file. */
  endStage(stage: string): void {
    const counted = this.counted.splice(0);
    const shown = new Map(this.shown);
    this.shown.clear();
    if (common.json) return;
    for (const file of new Set(counted.map((one) => one.file))) {
      const own = counted.filter((one) => one.file === file);
      this.begin([`  ${printable(stage)}${file === "" ? "" : ` ${printable(file)}`}: ${countsText(own)}${own.length > 1 ? ` in ${own.length} cells` : ""}`]);
      const { fields, examples } = shown.get(file) ?? { fields: new Map<string, number>(), examples: undefined };
      const names = [...fields].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([path]) => path);
      if (names.length > 0) this.begin([`    fields that differ: ${few(names)}`]);
      if (examples !== undefined) this.begin((["changed", "added", "removed"] as const).flatMap((change) => examples[change]));
    }
  }

  private show(one: ItemChange): void {
    const { fields, examples } = this.shown.get(one.file) ?? { fields: new Map<string, number>(), examples: { added: [], removed: [], changed: [] } };
    this.shown.set(one.file, { fields, examples });
    for (const { path } of one.fields) {
      const name = path.replace(/\[\d+\]/g, "[]");
      if (fields.has(name) || fields.size < 1000) fields.set(name, (fields.get(name) ?? 0) + 1);
    }
    const known = examples[one.change];
    if (!this.every && known.length >= EXAMPLES) return;
    const axes = one.cell.replace(/^[^@]*@?/s, "");
    const named = [SIGNS[one.change], ...(axes === "" ? [] : [axes]), one.id ?? "(no id)"].join(" ");
    const shown = one.fields.slice(0, this.every ? undefined : FIELDS).map(fieldText);
    const more = one.more === true || shown.length < one.fields.length ? ", …" : "";
    const line = `    ${printable(named)}${shown.length > 0 ? `: ${shown.join(", ")}${more}` : ""}`;
    if (this.every) {
      const place = `  ${printable(`${one.cell.replace(/@.*$/s, "")} ${one.file}`)}`;
      this.begin(one.file === "" || place === this.place ? [line] : [place, line]);
      this.place = place;
    }
    else known.push(line);
  }

  private begin(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (!this.begun) this.say(["", "records"]);
    this.begun = true;
    this.say(lines.map((line) => (this.every ? line : cut(line, this.width))));
  }
}

/** `2 changed of 9 records`; where some came or went, how many there were and are. */
function countsText(counted: readonly ItemCounts[]): string {
  const sum = (key: keyof Totals): number => counted.reduce((total, one) => total + one[key], 0);
  const parts = (["changed", "added", "removed"] as const).flatMap((key) => (sum(key) > 0 ? [`${sum(key).toLocaleString("en-US")} ${key}`] : []));
  if (parts.length === 0) return "the same, in another order or spelling";
  const after = sum("same") + sum("changed") + sum("added");
  const before = after - sum("added") + sum("removed");
  if (sum("added") + sum("removed") === 0) return `${parts.join(", ")} of ${count(after, "record")}`;
  return `${parts.join(", ")} (${before === after ? `${count(after, "record")} before and after` : `${before.toLocaleString("en-US")} → ${count(after, "record")}`})`;
}

/** Longest value that is told, as JSON. */
const BRIEF = 24;

/** `age 31 → 32`; what is long by its name alone. */
function fieldText({ path, before, after }: FieldChange): string {
  const name = path === "" ? "the record" : printable(path);
  const [a, b] = [before, after].map((one) => (one === undefined ? undefined : JSON.stringify(one)));
  return a === undefined || b === undefined || a.length > BRIEF || b.length > BRIEF ? name : `${name} ${printable(a)} → ${printable(b)}`;
}
