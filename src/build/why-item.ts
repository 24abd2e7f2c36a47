import { unknownHint } from "../pipeline/index.ts";
import type { Cell } from "../pipeline/index.ts";
import { describeReason, isShared, itemBaseOf, objectDifferences } from "../plan/index.ts";
import type { CellPlan, Inputs, Reason, RecipeHash } from "../plan/index.ts";
import type { JsonRecord } from "../stage/index.ts";
import { canonicalJson, hashJson } from "../store/index.ts";
import type { Journal, Sha256 } from "../store/index.ts";
import { listOf, openJournal } from "./item-journal.ts";
import type { Remembered } from "./items.ts";
import { readRecords } from "./jsonl.ts";
import type { Project, State } from "./project.ts";
import { detailOf, planUpTo } from "./why.ts";

/** What is known of one item of an `each` stage: why it will run again or last ran, with lines of detail; or that there is no such item. */
export type WhyItem = { ok: true; message: string; detail: string[] } | { ok: false; message: string; hint: string };

const told = (message: string, detail: string[] = []): WhyItem => ({ ok: true, message, detail });
const short = (hash: string): string => hash.slice(7, 15);

export async function whyItem(project: Project, state: State, cell: Cell, item: string): Promise<WhyItem> {
  const { each } = cell.stage;
  if (each === undefined) {
    const others = [...project.graph.byStage].filter(([, [first]]) => first?.stage.each !== undefined).map(([name]) => name);
    return { ok: false, message: `stage ${JSON.stringify(cell.stage.name)} has no items: it has no each`, hint: others.length === 0 ? `dag why ${cell.id}` : `stages with items: ${others.join(", ")}` };
  }
  return new ItemHistory(project, state, cell, each, item).tell(await planUpTo(project, state, cell));
}

class ItemHistory {
  constructor(
    private readonly project: Project,
    private readonly state: State,
    private readonly cell: Cell,
    private readonly each: string,
    private readonly item: string,
  ) {}

  private get module(): boolean {
    return this.cell.stage.action.kind === "module";
  }

  async tell(plan: CellPlan): Promise<WhyItem> {
    const { cell, each, item, state } = this;
    if (plan.action === "blocked") return told(`it cannot run: ${plan.message}`);
    const locked = state.lock.cells[cell.id]?.inputs;
    const inputs = plan.action === "run" ? plan.inputs : plan.action === "restore" ? (plan.result.inputs as Inputs) : locked;
    if (inputs === undefined) return this.pending(plan);

    const ids: string[] = [];
    let record: JsonRecord | undefined;
    for await (const found of listOf(this.project, state, cell, each)) {
      ids.push(found.id);
      if (found.id === item) record = found;
    }
    if (record === undefined) return { ok: false, message: `${each} has no record with the id ${JSON.stringify(item)}`, hint: unknownHint(item, "ids", ids) };
    const failure = plan.action === "run" ? state.memory.itemFailure(cell.id, item) : undefined;
    if (failure !== undefined) return told("it failed last time and will run again", [failure]);
    if (plan.reasons.some(({ kind }) => kind === "forced")) return told("it will run again: forced");

    const base = itemBaseOf(inputs, each, this.module);
    const journal = await openJournal(this.project, cell, inputs, each);
    try {
      const key = hashJson(record);
      const kept = await entryOf(journal, key);
      if (kept === undefined) return told(...(await this.unseen(plan, base, locked, record)));
      const changed = plan.action === "run" ? await this.changedReads(kept, inputs) : [];
      if (changed.length > 0) return told("it will run again because", changed);
      return told("it is remembered: same record, same stage inputs; it last ran because", await this.lastRan(kept, key, record, base, journal));
    } finally {
      await journal.close();
    }
  }

  /** An upstream cell comes first; what is known already is said. */
  private async pending(plan: CellPlan): Promise<WhyItem> {
    const own = await this.sharedReasons(plan.reasons, false);
    if (own.length > 0) return told("it will run again because", own);
    if (plan.reasons.some(({ kind }) => kind === "never-built")) return told("it has never run");
    return told("it runs again if this brings other bytes", plan.reasons.filter(({ kind }) => kind === "upstream").map(describeReason));
  }

  /** Nothing is remembered of this record under these inputs. */
  private async unseen(plan: CellPlan, base: Sha256, locked: Inputs | undefined, record: JsonRecord): Promise<[string, string[]]> {
    if (locked === undefined) return ["it has never run", []];
    if (itemBaseOf(locked, this.each, this.module) !== base) return ["it will run again because", await this.sharedReasons(plan.reasons, false)];
    const list = locked[`needs.${this.each}`];
    const old = list === undefined ? "unknown" : await this.recordIn(list);
    if (old === undefined) return [`it will run: it is new in ${this.each}`, []];
    if (old !== "unknown" && hashJson(old) === hashJson(record)) return ["it will run again: it was not finished, or what was remembered of it is gone", []];
    return ["it will run again because", this.recordChange(old, record)];
  }

  private async lastRan(kept: Remembered, key: Sha256, record: JsonRecord, base: Sha256, journal: Journal): Promise<string[]> {
    const { again } = kept;
    if (again === "forced") return ["it was forced to"];
    if (again !== undefined) return Object.entries(again).map(([label, old]) => `${labelText(label)} changed ${short(old)} → ${short(kept.reads[label] ?? "sha256:(gone)")}`);
    const older = await this.olderEntry(journal, key);
    if (older !== undefined) {
      const old = older.list === undefined ? "unknown" : await this.recordIn(older.list, older.key);
      return this.recordChange(old ?? "unknown", record, older.key);
    }
    const began = this.state.memory.began(this.cell.id, base);
    if (began !== undefined && kept.list !== undefined && kept.list !== began.list && (await this.recordIn(began.list)) === undefined) return [`it was new in ${this.each}`];
    const locked = this.state.lock.cells[this.cell.id];
    const reasons = began?.reasons ?? (locked === undefined ? undefined : this.state.memory.reasons(this.cell.id, locked.recipe as RecipeHash)) ?? [];
    const shared = await this.sharedReasons(reasons, true);
    if (shared.length > 0) return shared;
    return [reasons.some(({ kind }) => kind === "never-built") ? "it had never run before" : "of a cause that is no longer remembered"];
  }

  /** The last entry of the same item before this one: what its record was then. */
  private async olderEntry(journal: Journal, key: Sha256): Promise<(Remembered & { key: Sha256 }) | undefined> {
    let last: (Remembered & { key: Sha256 }) | undefined;
    for (const other of journal.keys() as IterableIterator<Sha256>) {
      if (other === key) return last;
      const entry = await entryOf(journal, other);
      if (entry?.item === this.item) last = { ...entry, key: other };
    }
    return last;
  }

  /** Those that make every item run again, each with what exactly changed. */
  private async sharedReasons(reasons: readonly Reason[], past: boolean): Promise<string[]> {
    const lines: string[] = [];
    for (const reason of reasons) {
      if (!("label" in reason) || reason.kind === "upstream" || !isShared(reason.label, this.each, this.module)) continue;
      lines.push(describeReason(reason), ...(await detailOf(this.state, this.cell, reason, past)).map((line) => `  ${line}`));
    }
    return lines;
  }

  private recordChange(old: JsonRecord | "unknown", record: JsonRecord, key?: Sha256): string[] {
    const head = `its record in ${this.each} changed`;
    if (old === "unknown") return [`${head}${key === undefined ? "" : ` ${short(key)} → ${short(hashJson(record))}`}`];
    return [head, ...objectDifferences(canonicalJson(old), canonicalJson(record), this.each).map((line) => `  ${line}`)];
  }

  /** Files and records that the item read and that are not as they were. */
  private async changedReads({ reads }: Remembered, inputs: Inputs): Promise<string[]> {
    const lines: string[] = [];
    for (const [label, old] of Object.entries(reads)) {
      const [, need = "", id] = /^needs\.([^#]+)(?:#(.*))?$/s.exec(label) ?? [];
      const now = need === "" ? this.state.snapshot.probe(label.slice("reads.".length)) : id === undefined ? inputs[`needs.${need}`] : hashJson((await this.recordOf(need, id)) ?? null);
      if (now !== old) lines.push(`${labelText(label)} changed ${short(old)} → ${now === undefined ? "(gone)" : short(now)}`);
    }
    return lines;
  }

  private async recordOf(need: string, id: string): Promise<JsonRecord | undefined> {
    for await (const record of listOf(this.project, this.state, this.cell, need)) if (record.id === id) return record;
    return undefined;
  }

  /** The item's record in a list as it once was; undefined where it was not in it, "unknown" where that list is not kept. */
  private async recordIn(list: Sha256, key?: Sha256): Promise<JsonRecord | "unknown" | undefined> {
    const { objects } = this.state;
    try {
      const gathered = (this.cell.needs.find(({ stage }) => stage === this.each)?.gathered.length ?? 0) > 0;
      const artifacts = gathered ? (JSON.parse((await objects.read(list))?.toString("utf8") ?? "") as [string, unknown, Sha256][]).map(([, , artifact]) => artifact) : [list];
      for (const artifact of artifacts) {
        if (!(await objects.has(artifact))) return "unknown";
        for await (const record of readRecords(objects.pathOf(artifact), this.each)) if (record.id === this.item && (key === undefined || hashJson(record) === key)) return record;
      }
      return undefined;
    } catch {
      return "unknown"; // freed, or damaged since
    }
  }
}

/** `reads.lib/x.json` and `needs.people#p1` as a reader knows them. */
function labelText(label: string): string {
  const [, need, id] = /^needs\.([^#]+)#(.*)$/s.exec(label) ?? [];
  return need === undefined ? label.replace(/^reads\./, "") : `record ${JSON.stringify(id)} of ${need}`;
}

async function entryOf(journal: Journal, key: string): Promise<Remembered | undefined> {
  const text = journal.has(key) ? await journal.read(key) : undefined;
  return text === undefined ? undefined : (JSON.parse(text) as Remembered);
}
