import { existsSync } from "node:fs";
import { join } from "node:path";
import { Answers, CallError } from "../../model/index.ts";
import { selectCells } from "../../pipeline/index.ts";
import type { Project, State } from "../project.ts";
import { callsBehind } from "./calls.ts";
import { Line } from "./line.ts";
import type { Place, Trace, TracedCall, TraceNode } from "./types.ts";

/** The line of one record: all it came from, as far as artifacts and memories tell, and the calls behind each record. Reads only, and waits for nobody. */
export async function traceRecord(project: Project, state: State, start: Place): Promise<Trace | undefined> {
  const selected = selectCells(project.graph, [start.cell]);
  if (!selected.ok) return undefined;
  const { cells: plans } = await state.planner.plan(selected.cells.map(({ id }) => id));
  const line = new Line(project, state, plans);
  const root = await line.follow(start);
  if (root === undefined) return undefined;
  const store = new Store(project);
  const read = new Map<string, TracedCall>();
  const nodes = [...line.cells.values()].flatMap((cell) => cell.nodes);
  try {
    for (const node of nodes) node.calls = await callsBehind(node, line.keys.get(node), line.cells.get(node.cell.id)?.edited === true, parentsOf(node, nodes), () => store.open(), project.pipeline.models, read);
  } finally {
    await store.close();
  }
  return { root, cells: [...line.cells.values()] };
}

const parentsOf = (node: TraceNode, nodes: readonly TraceNode[]): TraceNode[] => nodes.filter(({ from }) => from.some(({ child }) => child === node));

/** The answers kept, opened when first asked for: a line without calls needs none, and one whose calls cannot be read is a line all the same. */
class Store {
  private answers: Promise<Answers | string> | undefined;
  constructor(private readonly project: Project) {}

  open(): Promise<Answers | string> {
    const { root, options: { env, onProblem } } = this.project;
    const url = env["DAG_CACHE"];
    // A reader makes no store where there is none.
    if (url === undefined && !existsSync(join(root, "cache/calls"))) return Promise.resolve("there is no call store (cache/calls)");
    this.answers ??= opened({ root, ...(url === undefined ? {} : { store: url }), onWarning: (message) => onProblem({ reason: "damaged", path: "cache/calls", message, advice: "" }) }).catch((error: unknown) => {
      if (error instanceof CallError) return error.message;
      throw error;
    });
    return this.answers;
  }

  async close(): Promise<void> {
    const answers = await this.answers?.catch(() => undefined);
    if (answers !== undefined && typeof answers !== "string") await answers.close();
  }
}

/** The answers, once one was read: a store far away connects only then. */
async function opened(options: Parameters<typeof Answers.open>[0]): Promise<Answers> {
  const answers = await Answers.open(options);
  try {
    await answers.call(`sha256:${"0".repeat(64)}`);
    return answers;
  } catch (error) {
    await answers.close().catch(() => {});
    throw error;
  }
}
