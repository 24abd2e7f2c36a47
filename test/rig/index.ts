/**
 * The rig: a temporary project, the real binary, exact output. Tests take what they need as fixtures:
 * `test("a touched file does not make a stage stale", async ({ p }) => …)`.
 */
import { test as base } from "vitest";
import { Project } from "./project.ts";

export { alive, dagBinary, repository } from "./run.ts";
export type { DagEvent, Result, Running } from "./run.ts";
export { jsonl, people, Project, sha256, tree } from "./project.ts";
export { Gate, Visitor } from "./gate.ts";
export * from "./pipelines.ts";
export { Watching } from "./watching.ts";
export { hasTerminal, Terminal } from "./terminal.ts";

export const test = base.extend<{ p: Project; q: Project }>({
  /** A project. */
  p: async ({}, use) => {
    const project = new Project();
    await use(project);
    await project.dispose();
  },
  /** Another one, in a directory of another name and depth. */
  q: async ({}, use) => {
    const project = new Project("somewhere/else entirely");
    await use(project);
    await project.dispose();
  },
});
