import { execFile } from "node:child_process";

/** What git printed, or why it would not: it is not installed, `root` is in no repository, or it does not know what was asked for. */
export type GitAnswer = { ok: true; out: Buffer } | { ok: false; reason: "absent" | "no-repository" | "unknown"; why: string };

/** Runs git in a directory. Every argument is git's own or checked before: a name given by a user must not begin with a dash. */
export async function git(root: string, args: readonly string[]): Promise<GitAnswer> {
  const answer = await run(root, args);
  if (answer.ok || answer.reason === "absent") return answer;
  // Git's words come in the user's language: asked again, plainly.
  const repository = await run(root, ["rev-parse", "--git-dir"]);
  return repository.ok ? answer : { ok: false, reason: "no-repository", why: repository.why };
}

function run(root: string, args: readonly string[]): Promise<GitAnswer> {
  return new Promise((done) => {
    execFile("git", ["--no-pager", "-C", root, ...args], { encoding: "buffer", maxBuffer: 1 << 30 }, (error, stdout, stderr) => {
      if (error === null) done({ ok: true, out: stdout });
      else if (error.code === "ENOENT") done({ ok: false, reason: "absent", why: "git is not installed" });
      else done({ ok: false, reason: "unknown", why: whyOf(stderr.toString("utf8")) || error.message });
    });
  });
}

/** Git's first line; and the way out it knows where a repository is someone else's, in whatever language the rest is. */
function whyOf(text: string): string {
  const [first = ""] = text.trim().split("\n");
  const [remedy] = /git config --global --add safe\.directory .+/.exec(text) ?? [];
  return remedy === undefined ? first : `${first}; if you trust it: ${remedy}`;
}
