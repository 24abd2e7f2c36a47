import { execFileSync } from "node:child_process";
import { pipeline } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** Runs git in the project, as nobody in particular. */
export function git(p: Project, ...args: string[]): string {
  return execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false", ...args], { cwd: p.root, encoding: "utf8", env: { ...p.env, GIT_CONFIG_NOSYSTEM: "1" } as NodeJS.ProcessEnv, stdio: ["ignore", "pipe", "pipe"] });
}

/** Puts all of the project but what is built into a commit. */
export function commit(p: Project, message = "a build"): void {
  if (!p.exists(".git")) git(p, "init", "-q", ".");
  p.write({ ".gitignore": "artifacts/\ncache/\n" });
  git(p, "add", "-A");
  git(p, "commit", "-q", "-m", message);
}

/** People, a letter to each from a prompt, and the length of every letter as its score. */
export function letters(p: Project): Project {
  return p.write({
    "pipeline.yaml": pipeline({
      people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" }, output: "people.jsonl" },
      letters: { run: "stages/letters.ts", each: "people", prompts: { letter: "prompts/letter.md" }, params: ["sign"] },
      lengths: { run: "stages/lengths.ts", needs: ["letters"], output: "lengths/" },
    }, { params: { sign: "Yours" } }),
    "people.jsonl": ["p1", "p2", "p3", "p4", "p5", "p6"].map((id) => ({ id, name: `name of ${id}` })),
    "prompts/letter.md": "Dear {{ person.name }},\nhow are you?\nGoodbye\n",
    "stages/letters.ts": "export default async ({ item, prompts, params }) => ({ id: item.id, text: prompts.letter.render({ person: item }) + params.sign });\n",
    "stages/lengths.ts": `export default async ({ needs }) => {
  const letters = await needs.letters.all();
  const scores = letters.map(({ id, text }) => ({ id, score: text.length / 100, lines: text.split("\\n").length }));
  return { "scores.jsonl": scores, "metrics.json": { mean: scores.reduce((sum, { score }) => sum + score, 0) / scores.length } };
};
`,
  });
}

/** One stage whose artifact is a file of the project: scores (or records) as they are written. */
export function given(p: Project, name: string, content: unknown): Project {
  return p.write({ "pipeline.yaml": pipeline({ scores: { cmd: "cp {files.in} {output}", files: { in: name }, output: name } }), [name]: content });
}
