import type { Place, Trace, TracedCall, TracedCell, TraceNode } from "../../build/index.ts";
import { printable } from "../../pipeline/index.ts";
import type { Cell } from "../../pipeline/index.ts";
import { columns, cut } from "../../report/index.ts";
import { runCommandText } from "../common.ts";
import { standingOf } from "../status.ts";
import { bothEnds, oneLine, recordLines, wrapped } from "./trace-record.ts";
import { count, money, reasonsText } from "./words.ts";

export interface TraceLook {
  color: boolean;
  width: number;
  full: boolean;
}

/** Records of one cell that are shown. */
const MOST_RECORDS = 25;
/** Own calls of one record that are shown. */
const MOST_CALLS = 3;
const MOST_EDGES = 3;

/** A trace for a terminal: cell by cell from downstream, each record once, with what it is to the records above it. */
export function traceText({ root, cells }: Trace, look: TraceLook): string {
  const { color, width } = look;
  const paint = (code: string, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines: string[] = [];
  for (const traced of cells) {
    const { cell } = traced.plan;
    if (lines.length > 0) lines.push("");
    const file = root.cell === cell && root.found.file !== "" ? `/${printable(root.found.file)}` : "";
    const id = cut(printable(cell.id), width);
    lines.push(`${paint("1", id)}${cut(`${file}${traced.nodes.length > 1 ? `  ${count(traced.nodes.length, "record")}${overlapText(traced.nodes)}` : ""}`, width - columns(id))}`);
    for (const note of notesOf(traced)) lines.push(paint("33", `  ${cut(note, width - 2)}`));
    const nodes = look.full ? traced.nodes : traced.nodes.slice(0, MOST_RECORDS);
    for (const node of nodes) {
      lines.push(...headLines(node, width));
      lines.push(...(look.full ? wholeLines(node) : recordLines(node, { width: width - 4, lines: node === root ? 6 : 2, texts: traced.nodes.length > 1 ? 1 : 2 })).map((line) => `    ${line}`));
      const last = nodes.findLast((other) => whose(other) === whose(node)) === node;
      for (const line of [...moreLines(node, look), ...callLines(node, look), ...(last ? allCalls(node) : [])]) lines.push(paint("2", look.full ? `    ${line}` : cut(`    ${line}`, width)));
    }
    const left = traced.nodes.length - nodes.length;
    if (left > 0) lines.push(`  and ${count(left, "more record")}: --full or --json`);
    if (traced.more > 0) lines.push(`  and ${count(traced.more, "more record")}, not followed`);
  }
  const records = cells.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const calls = cells.flatMap(({ nodes }) => nodes.flatMap((node) => (node.calls.kind === "known" ? node.calls.own.flat() : []))).length;
  const isUnsure = cells.some(({ nodes }) => nodes.some((node) => node.calls.kind === "known" && node.calls.oneOf.length > 0));
  lines.push("", `${count(records, "record")} of ${count(cells.length, "cell")}, ${calls === 0 ? `no call${isUnsure ? " known to be" : ""}` : count(calls, "call")} behind them`);
  return `${lines.join("\n")}\n`;
}

/** Where else there is a record with this id, and how to choose it. */
export function placesText({ root }: Trace, places: readonly Place[], byStage: ReadonlyMap<string, readonly Cell[]>): string {
  const beside = places.filter(({ cell }) => cell === root.cell.id);
  const [first] = places.filter(({ cell }) => cell !== root.cell.id);
  const here = beside.length === 0 ? "" : `the id is also in ${beside.map(({ cell, file }) => printable(`${cell}/${file}`)).join(", ")}: --cell ${printable(`${root.cell.id}/${beside[0]?.file ?? ""}`)}\n`;
  if (first === undefined) return here;
  const stages = [...byStage].map(([name, cells]) => ({ name, found: places.filter(({ cell }) => cell !== root.cell.id && cells.some(({ id }) => id === cell)).length })).filter(({ found }) => found > 0).reverse();
  return `${here}the id is also in ${stages.map(({ name, found }) => `${printable(name)} (${count(found, "other cell")})`).join(", ")}: --cell ${printable(first.cell)}\n`;
}

/** What is wrong with a cell: then its records are those of the artifact as it lies there. */
function notesOf({ plan, nodes, problems, missing, edited }: TracedCell): string[] {
  const notes = problems.slice(0, 3).map((problem) => `damaged: ${printable(problem)}`);
  if (problems.length > 3) notes.push(`and ${problems.length - 3} more damaged lines`);
  if (missing) return [`no artifact: ${runCommandText()} ${printable(plan.cell.id)}`];
  if (plan.action === "blocked") notes.unshift(`cannot be built: ${printable(plan.message.split("\n")[0] ?? "")}`);
  else if (plan.action !== "fresh") {
    const own = plan.reasons.filter(({ kind }) => kind !== "upstream" && kind !== "output-edited");
    if (own.length > 0 || !edited) notes.unshift(`${standingOf(plan)}: ${own.length > 0 ? reasonsText(own) : "what it needs is"}`);
  }
  if (edited) notes.unshift("edited: the artifact is not the one that the lock records");
  const unknown = nodes.flatMap(({ calls }) => (calls.kind === "unknown" ? calls.why : []));
  // Without items its models may have been named only to be described.
  const perhaps = plan.cell.stage.each === undefined && unknown.length > 0 ? ", if any," : "";
  if (unknown.length > 0) notes.push(`calls${perhaps} unknown${unknown.length < nodes.length ? ` of ${count(unknown.length, "record")}` : ""}: ${unknown[0] ?? ""}`);
  return notes;
}

/** `, 5 by retrieved, 1 by evidence, none by both`: how fields that name the same kind of records agree. */
function overlapText(nodes: readonly TraceNode[]): string {
  const sets = nodes.map(({ from }) => new Set(from.flatMap(({ by }) => (by.kind === "item" ? [] : by.paths.map((path) => path.split(/[.[]/)[0] ?? "")))));
  const fields = [...new Set(sets.flatMap((set) => [...set]))].filter((field) => field !== "id");
  if (fields.length < 2) return "";
  const by = fields.map((field) => `${sets.filter((set) => set.has(field)).length} by ${printable(field)}`);
  const both = sets.filter((set) => fields.every((field) => set.has(field))).length;
  if (fields.length === 2) return `: ${by.join(", ")}, ${both === 0 ? "none" : both} by both`;
  const several = sets.filter((set) => fields.filter((field) => set.has(field)).length > 1).length;
  return `: ${by.join(", ")}${several === 0 ? "" : `; ${several} by more than one of these`}`;
}

/** The id, and what led to it: `retrieved[0] of answer and embed`, `item of 6 documents`; on lines of their own where they do not fit. */
function headLines(node: TraceNode, width: number): string[] {
  const id = printable(node.found.record.id);
  const edges = edgeTexts(node);
  const whole = `  ${id}${edges.length === 0 ? "" : `  ← ${edges.join(", ")}`}`;
  if (columns(whole) <= width) return [whole];
  const more = edges.length - MOST_EDGES;
  return [`  ${id}`, ...edges.slice(0, MOST_EDGES).map((text) => `    ← ${text}`), ...(more > 0 ? [`    ← and ${more} more`] : [])].map((line) => cut(line, width));
}

function edgeTexts({ from }: TraceNode): string[] {
  const byLabel = new Map<string, Map<string, number>>();
  for (const { child, by } of from) {
    const label = by.kind === "item" ? (by.changed ? "item (changed since)" : "item") : pathsText(by.paths);
    const stages = byLabel.get(label) ?? new Map<string, number>();
    stages.set(child.cell.stage.name, (stages.get(child.cell.stage.name) ?? 0) + 1);
    byLabel.set(label, stages);
  }
  return [...byLabel].map(([label, stages]) => `${label} of ${[...stages].map(([stage, n]) => (n > 1 ? `${n} ${stage}` : stage)).join(" and ")}`);
}

/** One path as it is; several of one field as `retrieved[] ×5`. */
function pathsText(paths: readonly string[]): string {
  const byField = new Map<string, string[]>();
  for (const path of paths) {
    const field = path.replace(/\[\d+\]/g, "[]");
    byField.set(field, [...(byField.get(field) ?? []), path]);
  }
  const texts = [...byField].map(([field, list]) => (list.length > 1 ? `${field} ×${list.length}` : named(list[0] ?? "")));
  return printable(`${texts.slice(0, 2).join(", ")}${texts.length > 2 ? ` and ${texts.length - 2} more` : ""}`);
}

/** A field called as the words around it is told from them by quotes. */
const named = (path: string): string => (["of", "and", "item"].includes(path) ? `"${path}"` : path);

function moreLines(node: TraceNode, { full }: TraceLook): string[] {
  const { read, beside, open, gone } = node;
  return [
    ...new Set(gone.map(({ axis, said }) => `its ${printable(axis)} is ${printable(typeof said === "string" ? said : JSON.stringify(said))}; the pipeline has no such cell now`)),
    ...open.map(({ need, axes }) => `names no ${printable(axes.join(" and no "))}: all cells of ${printable(need)} along it`),
    ...(full ? read.map(({ need, ids }) => `also read of ${printable(need)}: ${printable(ids.join(", "))}`) : []),
    ...beside.map(({ field, count: n }) => `${n} more by ${printable(field)}, of its other parts`),
    ...endLines(node),
  ];
}

/** What may have been meant as a reference, and why a record leads nowhere. */
function endLines({ unsure, ends, item, from }: TraceNode): string[] {
  const told = unsure.filter(({ value, why }) => ends !== undefined || (why === "short" && /\p{L}/u.test(value)));
  const lines = told.slice(0, MOST_EDGES).map(({ need, path, value, why }) =>
    `${printable(path)} ${printable(value)}: ${why === "short" ? `too short to be sure it names ${printable(need)}` : `most of what stands there is no id of ${printable(need)}`}`);
  if (told.length > lines.length) lines.push(`and ${told.length - lines.length} more such texts`);
  if (ends === undefined) return lines;
  if (item !== undefined) return [...lines, `its item ${printable(item.id)} of ${printable(item.need)} is no longer there as it was`];
  if (told.length > 0) return lines;
  // How to mend it once: where the line was to begin.
  return [`no field of it equals an id of ${printable(ends.join(" or "))}: it leads nowhere`, ...(from.length === 0 ? ["the line goes on where a record has the ids of what it was made from"] : [])];
}

function wholeLines({ found }: TraceNode): string[] {
  return printable(JSON.stringify(found.record, null, 2), true).split("\n");
}

function callLines(node: TraceNode, look: TraceLook): string[] {
  const { calls } = node;
  if (calls.kind === "none") return [];
  if (calls.kind === "unknown") return []; // said of the cell
  const shown = look.full ? calls.own : calls.own.slice(0, MOST_CALLS);
  const lines = shown.flatMap((chain) => chain.flatMap((call, i) => oneCall(call, i, look)));
  const left = calls.own.length - shown.length;
  if (left > 0) lines.push(`and ${count(left, "more call")} of its own`);
  for (const list of calls.oneOf) lines.push(...oneOfLines(list, look));
  return lines;
}

/** Whose calls those of a record are counted among. */
const whose = ({ item }: TraceNode): string => (item === undefined ? "the cell" : `item ${printable(item.id)}`);

/** How many calls there are of which not all are shown. */
function allCalls(node: TraceNode): string[] {
  const { calls } = node;
  if (calls.kind !== "known" || calls.others === 0) return [];
  return [`${count(calls.own.length + calls.others, "call")} of ${whose(node)} in all${calls.own.length + calls.oneOf.length === 0 ? ", none with words of this record" : ""}`];
}

/** Calls that answered alike: which of them is the record's cannot be told. */
function oneOfLines(list: readonly TracedCall[][], { width }: TraceLook): string[] {
  const [first] = list.flat();
  const said = first === undefined || typeof first.stored === "string" ? [] : [`  said  ${oneLine(first.stored.answer, width - 14)}`];
  return [`one of ${count(list.length, "call")} with this answer`, ...said];
}

function oneCall({ key, role, stored, cost }: TracedCall, place: number, { width, full }: TraceLook): string[] {
  const head = `call ${key.slice(7, 15)} ${printable(role)}`;
  if (typeof stored === "string") return wrapped([`${head}: ${printable(stored)}`], width - 4, 1);
  const { kind, model, snapshot, outcome, attempt, sample, usage, answered, prompt, answer, problems } = stored;
  const tokens = [`${usage.input.toLocaleString("en-US")} in`, ...(kind === "chat" ? [`${usage.output.toLocaleString("en-US")} out`] : [])].join(" ");
  const parts = [
    head, kind === "chat" ? outcome : `${kind} ${outcome}`, ...(attempt > 0 ? [`attempt ${attempt + 1}`] : []), ...(sample > 0 ? [`sample ${sample}`] : []),
    `${printable(model)}${snapshot === model ? "" : ` → ${printable(snapshot)}`}`, tokens, ...(cost === undefined ? ["no price"] : cost === 0 ? [] : [money(cost)]),
  ];
  // The day stands where there is room for it.
  const dated = answered > 0 ? [...parts, new Date(answered).toISOString().slice(0, 10)] : parts;
  const lines = wrapped(columns(dated.join(" · ")) <= width - 6 ? dated : parts, width - 6, 3).map((line, i) => (i === 0 ? line : `  ${line}`));
  if (full) {
    for (const message of prompt) lines.push(`  ${printable(message.role)}:`, ...indented(message.text));
    lines.push("  answer:", ...indented(answer));
  } else {
    const asked = prompt.at(-1)?.text ?? "";
    if (place === 0 || problems === undefined) lines.push(`  asked ${bothEnds(asked, width - 14)}`);
    if (kind !== "embedding" || outcome !== "ok") lines.push(`  said  ${answer === "" ? "(nothing)" : oneLine(answer, width - 14)}`);
  }
  for (const problem of (problems ?? []).slice(0, full ? undefined : 1)) lines.push(`  wrong ${full ? printable(problem) : oneLine(problem, width - 14)}`);
  return lines;
}

const indented = (text: string): string[] => printable(text, true).split("\n").map((line) => `    ${line}`);
