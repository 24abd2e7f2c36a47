import type { Project } from "./project.ts";

export type StageYaml = Record<string, unknown>;

/** Stages come as programs and as modules; what is true of one must be true of the other. */
export const kinds = ["cmd", "module"] as const;
export type Kind = (typeof kinds)[number];

export interface TextStage {
  /** The stage it reads; without it, the file `in.txt`. */
  need?: string;
  /** `head`: only the first line goes through; `all` (default): everything, and a line with the stage's name. */
  keep?: "head" | "all";
  extra?: StageYaml;
}

/** A stage over text, of either kind, that logs each run. A module is written to stages/<name>.ts. */
export function textStage(p: Project, kind: Kind, name: string, { need, keep = "all", extra = {} }: TextStage = {}): StageYaml {
  const wiring = need === undefined ? { files: { in: "in.txt" } } : { needs: [need] };
  const common = { ...wiring, output: `${name}.txt`, ...extra };
  if (kind === "cmd") {
    const source = need === undefined ? "{files.in}" : `{needs.${need}}`;
    return { cmd: `${p.mark(name)}; ${keep === "head" ? `head -n 1 ${source} > {output}` : `(cat ${source}; echo ${name}) > {output}`}`, ...common };
  }
  p.write({
    [`stages/${name}.ts`]: `import { defineStage } from "daguerre";

export default defineStage(async ({ needs, files }) => {
  ${p.markModule(JSON.stringify(name))}
  const text = await ${need === undefined ? "files.in.text()" : `needs.${need}.text()`};
  return ${keep === "head" ? 'text.split("\\n")[0] + "\\n"' : `text + ${JSON.stringify(`${name}\n`)}`};
});
`,
  });
  return { run: `stages/${name}.ts`, ...common };
}

/** Stages in a row, each reading the one before; the first reads in.txt. Keys of `stages` in order. */
export function textChain(p: Project, kind: Kind, names: readonly string[], options: Record<string, TextStage> = {}): Record<string, StageYaml> {
  return Object.fromEntries(names.map((name, i) => [name, textStage(p, kind, name, { ...(i > 0 ? { need: names[i - 1] ?? "" } : {}), ...options[name] })]));
}

/** pipeline.yaml as JSON, which YAML reads. */
export function pipeline(stages: Record<string, StageYaml>, rest: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: "test", default: Object.keys(stages), ...rest, stages };
}

/** A chain in a project, written and ready to build. */
export function chain(p: Project, kind: Kind, names: readonly string[], options: Record<string, TextStage> = {}): Project {
  return p.write({ "in.txt": "one\ntwo\n", "pipeline.yaml": pipeline(textChain(p, kind, names, options)) });
}

/** `each` over people.jsonl: a stage per person that logs the id, fails for ids in `bad.txt` (read outside of the declared inputs), and an aggregate. */
export function itemStages(p: Project, kind: Kind): Record<string, StageYaml> {
  const bad = `${p.base}/bad`;
  if (kind === "cmd") {
    return {
      people: { cmd: `${p.mark("people")}; cp {files.in} {output}`, files: { in: "people.jsonl" }, output: "people.jsonl" },
      letters: {
        cmd: `id=$(sed 's/.*"id":"\\([^"]*\\)".*/\\1/' {item}); echo "$id" >> ${p.log}; if grep -qx "$id" ${bad} 2>/dev/null; then echo "no letter for $id" >&2; exit 5; fi; sed 's/"n":/"letter":/' {item} > {output}`,
        needs: ["people"], each: "people", output: "letters.jsonl",
      },
      total: { cmd: `${p.mark("total")}; wc -l < {needs.letters} | tr -d ' ' > {output}`, needs: ["letters"], output: "total.txt" },
    };
  }
  p.write({
    "stages/people.ts": `export default async ({ files }) => {
  ${p.markModule('"people"')}
  const records = [];
  for await (const record of files.in.records()) records.push(record);
  return records;
};
`,
    "stages/letters.ts": `import { existsSync, readFileSync } from "node:fs";
export default async ({ item }) => {
  ${p.markModule("item.id")}
  if (existsSync(${JSON.stringify(bad)}) && readFileSync(${JSON.stringify(bad)}, "utf8").split("\\n").includes(item.id)) throw new Error("no letter for " + item.id);
  return { id: item.id, letter: item.n };
};
`,
    "stages/total.ts": `export default async ({ needs }) => {
  ${p.markModule('"total"')}
  return (await needs.letters.all()).length + "\\n";
};
`,
  });
  return {
    people: { run: "stages/people.ts", files: { in: "people.jsonl" }, output: "people.jsonl" },
    letters: { run: "stages/letters.ts", each: "people", output: "letters.jsonl" },
    total: { run: "stages/total.ts", needs: ["letters"], output: "total.txt" },
  };
}

/** Ids for which `letters` fails from now on; none mends it. */
export function failFor(p: Project, ...ids: string[]): void {
  p.write({ "../bad": ids.map((id) => `${id}\n`).join("") });
}
