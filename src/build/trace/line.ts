import { selectCells } from "../../pipeline/index.ts";
import type { Cell, CellId, CellNeed } from "../../pipeline/index.ts";
import type { CellPlan, Inputs } from "../../plan/index.ts";
import type { Json, JsonRecord } from "../../stage/index.ts";
import type { CallKeys } from "../answered.ts";
import type { Project, State } from "../project.ts";
import { answer } from "./asks.ts";
import type { Ask, Peers } from "./asks.ts";
import { builtFrom, narrow } from "./axes.ts";
import type { Built } from "./axes.ts";
import { isBeside, mentionsIn, partsOf } from "./mention.ts";
import type { Mention } from "./mention.ts";
import { originsOf } from "./origin.ts";
import type { Origin } from "./origin.ts";
import { scan } from "./scan.ts";
import type { Found } from "./scan.ts";
import type { Place, TracedCell, TraceNode } from "./types.ts";

/** Records at the beginning of an artifact that tell what its fields hold, and texts of one field that are compared. */
const PEERS = 50;
const MOST_VALUES = 64;
/** Records of one cell that are followed. */
const MOST_FOLLOWED = 50;
/** Different values of a field that are told apart. */
const MOST_DISTINCT = 1000;

/**
 * Follows a record up the graph, cell by cell from downstream: when a cell's turn comes, all that it is needed for is known, so that its artifact is read
 * once (again only where a record of a stage beside it names one of its records).
 */
export class Line {
  readonly cells = new Map<CellId, TracedCell>();
  /** Keys of the answers behind each record; undefined where they were not noted. */
  readonly keys = new Map<TraceNode, CallKeys | undefined>();
  private readonly asks = new Map<CellId, Ask[]>();
  /** First records of the artifacts on the line. */
  private readonly beginnings = new Map<CellId, JsonRecord[]>();
  private readonly peers = new Map<string, Peers>();
  private readonly nodes = new Map<CellId, Map<string, TraceNode>>();
  /** Ids of records that are not followed. */
  private readonly passed = new Map<CellId, Set<string>>();
  private readonly upstream = new Map<CellId, ReadonlySet<CellId>>();
  /** Cells of the needs that a record can come from. */
  private readonly sources = new Map<TraceNode, Cell[]>();
  private readonly built: Built;

  constructor(
    private readonly project: Project,
    private readonly state: State,
    /** Of the start's cell and all it needs, topological. */
    private readonly plans: ReadonlyMap<CellId, CellPlan>,
  ) {
    this.built = builtFrom(Object.keys(state.lock.cells));
  }

  async follow(start: Place): Promise<TraceNode | undefined> {
    const order = fromDownstream([...this.plans.values()]);
    const first = this.plans.get(start.cell);
    if (first === undefined) return undefined;
    const [root] = await this.visit(first, [], start);
    for (let next = order.find(({ cell }) => this.asks.has(cell.id)); next !== undefined; next = order.find(({ cell }) => this.asks.has(cell.id))) {
      const asks = this.asks.get(next.cell.id) ?? [];
      this.asks.delete(next.cell.id);
      await this.visit(next, asks, undefined);
    }
    // As visited, but for those visited again.
    const visited = order.flatMap(({ cell }) => this.cells.get(cell.id) ?? []);
    this.cells.clear();
    for (const traced of visited) this.cells.set(traced.plan.cell.id, traced);
    this.noteEnds();
    return root;
  }

  /** Says of records that lead to none, although their stage has needs, where was looked. */
  private noteEnds(): void {
    const nodes = [...this.cells.values()].flatMap((traced) => traced.nodes);
    const leading = new Set(nodes.flatMap(({ from }) => from.map(({ child }) => child)));
    for (const node of nodes) {
      if (leading.has(node) || node.gone.length > 0) continue;
      const looked = (this.sources.get(node) ?? []).filter(({ id }) => this.cells.get(id)?.missing !== true);
      const cut = looked.some(({ id }) => (this.cells.get(id)?.more ?? 0) > 0);
      if (looked.length > 0 && !cut) node.ends = [...new Set(looked.map(({ stage }) => stage.name))];
    }
  }

  /** Reads a cell's artifact, for all that may lead to one of its records; those that are new on the line. */
  private async visit(plan: CellPlan, asks: readonly Ask[], start: Place | undefined): Promise<TraceNode[]> {
    const { cell } = plan;
    const problems: string[] = [];
    const wanted = new Set<string>(start === undefined ? [] : [start.id]);
    const probes = new Set<string>();
    for (const ask of asks) {
      if (ask.item !== undefined) wanted.add(ask.item.id);
      for (const { value, field } of ask.mentions) {
        wanted.add(value);
        for (const probe of ask.peers.get(field) ?? []) probes.add(probe);
      }
    }
    const found = new Map<string, Found>();
    const ids = new Set<string>();
    const beginning: JsonRecord[] = [];
    const missing = !(await scan(this.project.places.artifacts, cell, {
      wanted: (id) => wanted.has(id) || probes.has(id),
      first: PEERS,
      onRecord: (one) => {
        const { id } = one.record as { id: unknown };
        if (beginning.length < PEERS) beginning.push(one.record);
        if (typeof id !== "string") return;
        ids.add(id);
        if (wanted.has(id) && !found.has(id) && (start === undefined || id !== start.id || one.file === start.file)) found.set(id, one);
      },
      onDamage: (message) => problems.push(message),
    }));
    this.beginnings.set(cell.id, beginning);
    const nodes = this.nodes.get(cell.id) ?? new Map<string, TraceNode>();
    const passed = this.passed.get(cell.id) ?? new Set<string>();
    this.nodes.set(cell.id, nodes);
    this.passed.set(cell.id, passed);
    const before = new Set(nodes.values());
    const nodeOf = (id: string): TraceNode | undefined => {
      const one = found.get(id);
      if (one === undefined) return undefined;
      if (!nodes.has(id) && nodes.size >= MOST_FOLLOWED) {
        passed.add(id);
        return undefined;
      }
      const known = nodes.get(id) ?? { cell, found: one, from: [], parts: [], read: [], beside: [], open: [], unsure: [], gone: [], calls: { kind: "none" } };
      nodes.set(id, known);
      return known;
    };
    if (start !== undefined) nodeOf(start.id);
    for (const ask of asks) this.settle(ask, cell, ids, found, nodeOf);
    const fresh = [...nodes.values()].filter((node) => !before.has(node));
    for (const node of fresh) node.parts = partsOf(node.found.record, new Set(node.from.map(({ child }) => child.found.record.id)));
    if (nodes.size > 0 || problems.length > 0 || missing) this.cells.set(cell.id, { plan, nodes: [...nodes.values()], more: passed.size, problems, missing, edited: this.isEdited(cell) });
    if (fresh.length > 0) await this.askUpstream(cell, fresh);
    return fresh;
  }

  private isEdited(cell: Cell): boolean {
    const { lock, planner } = this.state;
    const found = planner.onDisk(cell);
    return found !== undefined && Object.hasOwn(lock.cells, cell.id) && lock.cells[cell.id]?.artifact !== found;
  }

  private settle(ask: Ask, cell: Cell, ids: ReadonlySet<string>, found: ReadonlyMap<string, Found>, nodeOf: (id: string) => TraceNode | undefined): void {
    const { child } = ask;
    const { item, references, mentions, unsure } = answer(ask, cell.stage.name, ids, found);
    if (item !== undefined) nodeOf(item.found.record.id)?.from.push({ child, by: { kind: "item", changed: item.changed } });
    const beside = new Set(mentions.filter((mention) => isBeside(mention, child.parts)).map(({ path }) => path));
    for (const [id, paths] of references) {
      const followed = paths.filter((path) => !beside.has(path));
      if (item?.found.record.id === id || followed.length === 0) continue;
      nodeOf(id)?.from.push({ child, by: { kind: "reference", paths: followed, ...(ask.shared === undefined ? {} : { shared: ask.shared }) } });
    }
    for (const { mention: { path, value }, why } of unsure.filter(({ mention }) => !isBeside(mention, child.parts))) {
      if (!child.unsure.some((one) => one.need === cell.stage.name && one.path === path)) child.unsure.push({ need: cell.stage.name, path, value, why });
    }
    for (const { field, path } of mentions) {
      if (!beside.has(path)) continue;
      const known = child.beside.find((one) => one.field === field);
      if (known === undefined) child.beside.push({ field, count: 1 });
      else known.count++;
    }
  }

  /** What the records of a cell may have come from, need by need. */
  private async askUpstream(cell: Cell, nodes: readonly TraceNode[]): Promise<void> {
    const { each, action } = cell.stage;
    const inputs = (Object.hasOwn(this.state.lock.cells, cell.id) ? this.state.lock.cells[cell.id]?.inputs : undefined) as Inputs | undefined;
    const origins = each === undefined || inputs === undefined ? new Map<Found, Origin>() : await originsOf(this.project, cell, inputs, each, nodes.map(({ found }) => found));
    const distinct = new Map<string, Promise<ReadonlySet<Json>>>();
    const others = (field: string): Promise<ReadonlySet<Json>> => {
      const known = distinct.get(field) ?? this.valuesOf(cell, field);
      distinct.set(field, known);
      return known;
    };
    for (const node of nodes) {
      const origin = origins.get(node.found);
      if (origin !== undefined) node.item = { need: origin.need, id: origin.item, records: origin.records };
      this.keys.set(node, each === undefined ? this.callsOfCell(cell.id) : origin?.calls);
      const mentions = mentionsIn(node.found.record);
      for (const need of cell.needs) {
        const { cells, open, gone } = await narrow(this.project.graph, need, node.found.record, others, this.built);
        this.sources.set(node, [...(this.sources.get(node) ?? []), ...cells]);
        if (open.length > 0) node.open.push({ need: need.stage, axes: open });
        for (const one of gone) node.gone.push({ need: need.stage, ...one });
        const isList = origin !== undefined && need.stage === each;
        const reads = origin === undefined || action.kind !== "module" ? undefined : readsOf(origin, need);
        const proven = new Set(reads?.ids);
        // A module's item that did not read a need at all has nothing of it; a program sees all of them but the list.
        const possible = reads === undefined ? (isList ? [] : mentions) : reads.whole ? mentions : mentions.filter(({ value }) => proven.has(value));
        const unnamed = [...proven].filter((id) => !possible.some(({ value }) => value === id) && !(isList && id === origin.item));
        if (unnamed.length > 0) node.read.push({ need: need.stage, ids: unnamed });
        const peers = this.peersOf(node, need);
        for (const { id } of cells) this.ask({ child: node, cell: id, mentions: possible, proven, peers, single: cell.needs.length === 1, ...(isList ? { item: { id: origin.item, key: origin.key, only: cells.length === 1 } } : {}) });
      }
      this.askBeside(node, mentions);
    }
  }

  /**
   * Stages that do not need each other may still name each other's records, where one stage needs both: questions made without a look at the documents, with
   * the ids of those that answer them.
   */
  private askBeside(node: TraceNode, mentions: readonly Mention[]): void {
    const { cell } = node;
    if (node.from.length > 0 && !node.from.some(({ by }) => by.kind === "item" || by.shared === undefined)) return;
    const asked = new Set<CellId>([cell.id]);
    for (const { child } of node.from) {
      for (const other of this.sources.get(child) ?? []) {
        if (asked.has(other.id) || this.needs(cell, other) || this.needs(other, cell)) continue;
        asked.add(other.id);
        if (Object.entries(other.axis).some(([axis, value]) => cell.axis[axis] !== undefined && cell.axis[axis] !== value)) continue;
        this.ask({ child: node, cell: other.id, mentions: mentions.filter(({ field }) => field !== "id"), proven: new Set(), peers: this.peersOf(node, undefined), single: false, shared: child.cell.stage.name });
      }
    }
  }

  /** Does a cell need another, over however many? */
  private needs(cell: Cell, other: Cell): boolean {
    let all = this.upstream.get(cell.id);
    if (all === undefined) {
      const selected = selectCells(this.project.graph, [cell.id]);
      this.upstream.set(cell.id, (all = new Set(selected.ok ? selected.cells.map(({ id }) => id) : [])));
    }
    return all.has(other.id);
  }

  private ask(ask: Ask): void {
    if (ask.item === undefined && ask.mentions.length === 0) return;
    const known = this.asks.get(ask.cell);
    if (known === undefined) this.asks.set(ask.cell, [ask]);
    else known.push(ask);
  }

  /** The first records that say the same as this one of the axes that a need is gathered along. */
  private peersOf({ cell, found }: TraceNode, need: CellNeed | undefined): Peers {
    const gathered = need?.gathered ?? [];
    const said = (record: JsonRecord): string => JSON.stringify([cell.id, ...gathered.flatMap((axis) => [axis, record[axis] ?? null])]);
    const key = said(found.record);
    let peers = this.peers.get(key);
    if (peers === undefined) this.peers.set(key, (peers = fieldsOf((this.beginnings.get(cell.id) ?? []).filter((record) => said(record) === key))));
    return peers;
  }

  private callsOfCell(id: CellId): CallKeys | undefined {
    const locked = Object.hasOwn(this.state.lock.cells, id) ? this.state.lock.cells[id] : undefined;
    return locked === undefined ? undefined : this.state.results.calls(locked.recipe);
  }

  /** Different values of a field in all of an artifact. */
  private async valuesOf(cell: Cell, field: string): Promise<ReadonlySet<Json>> {
    const values = new Set<Json>();
    await scan(this.project.places.artifacts, cell, {
      wanted: () => values.size < MOST_DISTINCT,
      onRecord: ({ record }) => {
        const value = record[field];
        if (value !== undefined && typeof value !== "object") values.add(value as Json);
      },
      onDamage: () => {},
    });
    return values;
  }
}

/** Stages from downstream up, cells of one in the order of the matrix: they do not need each other. */
function fromDownstream(plans: readonly CellPlan[]): CellPlan[] {
  const stages = new Map<string, CellPlan[]>();
  for (const plan of plans) stages.set(plan.cell.stage.name, [...(stages.get(plan.cell.stage.name) ?? []), plan]);
  return [...stages.values()].reverse().flat();
}

/** What an item read of a need: ids one by one, or all of it. */
function readsOf({ reads }: Origin, { stage }: CellNeed): { whole: boolean; ids: string[] } {
  const head = `needs.${stage}#`;
  return { whole: reads.includes(`needs.${stage}`), ids: reads.filter((label) => label.startsWith(head)).map((label) => label.slice(head.length)) };
}

function fieldsOf(records: readonly JsonRecord[]): Peers {
  const peers = new Map<string, Set<string>>();
  for (const record of records) {
    for (const { field, value } of mentionsIn(record)) {
      const values = peers.get(field) ?? new Set();
      if (values.size < MOST_VALUES) values.add(value);
      peers.set(field, values);
    }
  }
  return peers;
}
