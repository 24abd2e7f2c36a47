import type { Diagnostic, Pipeline } from "./types.ts";
import { splitOutput } from "./cells.ts";
import { Source } from "./source.ts";
import { quote } from "./words.ts";

/** The artifacts of pipelines/x.yaml lie under artifacts/x/: no stage of pipeline.yaml may write there. */
export function checkReserved(pipeline: Pipeline, others: readonly string[], text: string): Diagnostic[] {
  const slugs = new Map(others.map((file) => [file.replace(/\.ya?ml$/, "").toLowerCase(), file]));
  const source = new Source(text, pipeline.file);
  return [...pipeline.stages.values()].flatMap((stage): Diagnostic[] => {
    const root = stage.matrix.length > 0 ? `${splitOutput(stage.output).stem}/` : stage.output.path;
    const folder = root.split("/")[0] ?? "";
    const file = slugs.get(folder.toLowerCase());
    if (file === undefined) return [];
    return [
      {
        file: pipeline.file,
        ...stage.position,
        length: stage.name.length,
        message: `stage ${quote(stage.name)} writes ${quote(root)}, but artifacts/${folder}/ belongs to pipelines/${file}`,
        hint: "give the stage another output, or rename the pipeline",
        source: source.line(stage.position.line),
      },
    ];
  });
}
