import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { common, EXIT, openProject, printJson, selection, useColor, withCommon } from "./common.ts";

export function graphCommand(program: Command, exit: (code: number) => void): void {
  withCommon(program.command("graph"))
    .description("the DAG; a matrix stage is one node")
    .argument("[targets...]", "only these stages and what they need")
    .option("--format <format>", "text, mermaid, dot, svg or json", (value: string) => {
      if (!["text", "mermaid", "dot", "svg", "json"].includes(value)) throw new InvalidArgumentError("It is text, mermaid, dot, svg or json.");
      return value;
    })
    .action(async (targets: string[], options: { format?: "text" | "mermaid" | "dot" | "svg" | "json" }) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      const { drawGraph } = await import("../report/index.ts");
      const only = targets.length === 0 ? {} : { only: new Set(selection(project, targets).cells.map(({ stage }) => stage.name)) };
      const format = options.format ?? (common.json ? "json" : "text");
      const drawing = await drawGraph(project.graph, format, { color: useColor(process.stdout), width: process.stdout.columns || 80, ...only });
      if (common.json && format === "json") printJson(JSON.parse(drawing));
      else process.stdout.write(drawing);
    });
}
