import type { Command } from "commander";
import { whyCell, whyItem } from "../build/index.ts";
import { printable } from "../pipeline/index.ts";
import { describeReason } from "../plan/index.ts";
import { common, EXIT, openProject, printJson, selection, UsageError, withCommon, withSample } from "./common.ts";
import { standingOf } from "./status.ts";

export function whyCommand(program: Command, exit: (code: number) => void): void {
  withSample(withCommon(program.command("why")))
    .description("why a cell is stale, or was last rebuilt: file, key, line of a prompt, upstream artifact, old → new")
    .argument("<cell>", "a cell, or a stage for all its cells")
    .argument("[item]", "id of an item of an each stage")
    .action(async (target: string, item: string | undefined) => {
      const project = await openProject();
      if (project === undefined) return exit(EXIT.usage);
      const { asked } = selection(project, [target]);
      const state = project.load();
      for (const id of asked) {
        const cell = project.graph.cells.get(id);
        if (cell === undefined) throw new UsageError(`no cell ${id}`);
        if (item !== undefined) {
          const known = await whyItem(project, state, cell, item);
          if (!known.ok) throw new UsageError(`${known.message}; ${known.hint}`);
          const { message, detail } = known;
          if (common.json) printJson({ event: "why", cell: id, item, message, detail });
          else process.stdout.write([`${id} ${printable(item)}: ${printable(message)}`, ...detail.map((line) => `  ${printable(line)}`), ""].join("\n"));
          continue;
        }
        const { plan, reasons, past } = await whyCell(project, state, cell);
        if (common.json) {
          printJson({ event: "why", cell: id, status: standingOf(plan), past, reasons: reasons.map(({ reason, detail }) => ({ ...reason, detail })), ...(plan.action === "blocked" ? { message: plan.message } : {}) });
          continue;
        }
        const what = plan.action === "fresh" ? (reasons.length > 0 ? "is fresh; it was last built because" : "is fresh") : plan.action === "restore" ? "will be restored from the cache" : plan.action === "blocked" ? "cannot be built" : `is ${standingOf(plan)} and will run`;
        const lines = [`${id} ${what}`];
        if (plan.action === "blocked") lines.push(`  ${printable(plan.message, true)}`);
        for (const { reason, detail } of reasons) lines.push(`  ${printable(describeReason(reason))}`, ...detail.map((line) => `    ${printable(line)}`));
        process.stdout.write(`${lines.join("\n")}\n`);
      }
    });
}
