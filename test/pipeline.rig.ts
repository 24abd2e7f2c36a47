/** Pipelines of the tests: text in, diagnostics or a graph out. */
import { expand, formatDiagnostic, type Graph, type ParseOptions, parsePipeline, type Pipeline } from "../src/pipeline/index.ts";

type Options = Partial<ParseOptions>;

/** The pipeline of a text that must be right. */
export async function good(text: string, options: Options = {}): Promise<Pipeline> {
  const result = await parsePipeline(text, { root: "/project", file: "pipeline.yaml", ...options });
  if (!result.ok) throw new Error(result.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join("\n\n"));
  return result.pipeline;
}

export async function graphOf(text: string, options: Options = {}): Promise<Graph> {
  return expand(await good(text, options));
}

/** The diagnostics of a text that must be wrong, as printed. */
export async function bad(text: string | Uint8Array, options: Options = {}): Promise<string[]> {
  const result = await parsePipeline(text, { root: "/project", file: "pipeline.yaml", ...options });
  return result.ok ? [] : result.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic));
}

/** `line:column message` of each diagnostic, with its hint after ` | `. */
export async function brief(text: string | Uint8Array, options: Options = {}): Promise<string[]> {
  const result = await parsePipeline(text, { root: "/project", file: "pipeline.yaml", ...options });
  if (result.ok) return [];
  return result.diagnostics.map(({ file, line, column, message, hint }) => `${file === "" ? "" : `${String(line)}:${String(column)} `}${message}${hint === undefined ? "" : ` | ${hint}`}`);
}

/** One stage `a` with these fields, in flow style; more stages after it. */
export function stageA(fields: string, rest = ""): string {
  return `stages:\n  a: { run: a.ts, ${fields} }\n${rest}`;
}
