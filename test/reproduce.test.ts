/** What a paper stands on: `dag verify`, `bundle`, `replay` and `cite`. */
import { execFileSync } from "node:child_process";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { extract, pack } from "tar-stream";
import { describe, expect } from "vitest";
import { people, pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

/** People, a letter to each from the offline model, a table by a program with a script of its own. */
function letters(p: Project, more: Record<string, unknown> = {}): Project {
  return p.write({
    "people.jsonl": people(3),
    "prompts/letter.md": "Write to {{ person.id }}.\n{% render 'partials/end' %}\n",
    "prompts/partials/end.md": "Be kind.\n",
    "tools/count.sh": "wc -l < \"$1\" > \"$2\"\n",
    "lib/shout.ts": "export const shout = (text: string): string => text.toUpperCase();\n",
    "stages/people.ts": "export default async ({ files }) => files.in.records();\n",
    "stages/letters.ts": 'import { shout } from "../lib/shout.ts";\nexport default async ({ item, models, prompts }) => ({ id: item.id, text: shout((await models.writer.chat({ prompt: prompts.letter.render({ person: item }) })).value) });\n',
    "pipeline.yaml": pipeline(
      {
        people: { run: "stages/people.ts", files: { in: "people.jsonl" }, output: "people.jsonl" },
        letters: { run: "stages/letters.ts", each: "people", prompts: { letter: "prompts/letter.md" }, models: ["writer"], output: "letters.jsonl" },
        count: { cmd: ["sh", "tools/count.sh", "{needs.letters}", "{output}"], needs: ["letters"], output: "count.txt" },
        tables: { cmd: "mkdir {output}; cp {needs.count} {output}/n.txt", needs: ["count"], output: "tables/" },
        ...more,
      },
      { models: { writer: { provider: "offline", model: "writer-1" } } },
    ),
  });
}

/** A bundle with some of its files replaced; null leaves one out. */
async function tampered(path: string, to: string, changes: Record<string, string | null>, rename: (name: string) => string = (name) => name): Promise<string> {
  const read = extract();
  createReadStream(path).pipe((await import("node:zlib")).createGunzip()).pipe(read);
  const out = pack();
  for await (const entry of read) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const change = changes[entry.header.name];
    if (change !== null) out.entry({ name: rename(entry.header.name) }, change ?? Buffer.concat(chunks));
  }
  out.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of out) chunks.push(chunk as Buffer);
  writeFileSync(to, gzipSync(Buffer.concat(chunks)));
  return to;
}

describe.concurrent("dag verify", () => {
  test("says that all artifacts are as recorded, and names those that are not", async ({ p }) => {
    letters(p);
    await p.built();
    expect(await p.dag("verify")).toMatchObject({ code: 0, stdout: "all 4 artifacts as recorded\n", stderr: "" });
    const { artifact } = p.lock().cells["count"]!;
    p.write({ "artifacts/count.txt": "9\n" });
    p.remove("artifacts/tables/n.txt");
    p.write({ "artifacts/tables/m.txt": "3\n" });
    p.remove("artifacts/people.jsonl");
    const result = await p.dag("verify");
    expect(result.code).toBe(3);
    expect(result.stdout).toContain(`differs  count: count.txt should be ${artifact}, is sha256:`);
    expect(result.stdout).toMatch(/^missing {2}people: people\.jsonl should be sha256:[0-9a-f]{64}$/m);
    expect(result.stdout).toContain("differs  tables: tables should be");
    expect(result.stderr).toBe("3 of 4 artifacts not as recorded\n");
  });

  test("reads every byte: size, times and inode put back hide nothing", async ({ p }) => {
    letters(p);
    await p.built();
    const path = p.path("artifacts/count.txt");
    execFileSync("sh", ["-c", `touch -r "$1" "$1.ref" && printf '9\\n' | dd of="$1" conv=notrunc status=none && touch -r "$1.ref" "$1" && rm "$1.ref"`, "sh", path]);
    expect((await p.dag("verify", "count")).code).toBe(3);
  });

  test("--json has a line for every artifact, and a lock that records nothing is out of date", async ({ p }) => {
    letters(p);
    expect((await p.dag("verify")).code).toBe(3);
    expect((await p.dag("verify", "count")).stdout).toBe("unknown  count: the lock does not record it: dag run count\n");
    await p.built();
    const { events } = await p.dag("verify", "--json");
    expect(events.map(({ cell, ok }) => [cell ?? "done", ok])).toEqual([["count", true], ["letters", true], ["people", true], ["tables", true], ["done", true]]);
  });

  test("--rebuild builds again from nothing with stored answers and writes nothing into the project", async ({ p }) => {
    letters(p);
    await p.built();
    const before = p.artifacts();
    const lock = p.read("dag.lock");
    const result = await p.dag("verify", "--rebuild");
    expect(result.text).toContain("all 4 artifacts came out of a clean rebuild as recorded");
    expect(result.code).toBe(0);
    expect([p.artifacts(), p.read("dag.lock")]).toEqual([before, lock]);
  });

  test("--rebuild finds a stage that depends on what it does not declare, and an edited lock", async ({ p }) => {
    letters(p, { hidden: { cmd: `cat ${p.base}/beside > {output}`, output: "hidden.txt" } });
    p.write({ "../beside": "one" });
    await p.built();
    p.write({ "../beside": "two" });
    expect((await p.dag("verify")).code).toBe(0);
    const result = await p.dag("verify", "--rebuild");
    expect(result.code).toBe(3);
    expect(result.stdout).toMatch(/^differs {2}hidden: hidden\.txt should be sha256:\w+, is sha256:\w+$/m);
    expect(result.stderr).toContain("1 of 5 artifacts not as recorded");
  });

  test("--rebuild buys nothing: a missing answer is exit 4 and named", async ({ p }) => {
    letters(p);
    await p.built();
    p.remove("cache/calls");
    const result = await p.dag("verify", "--rebuild");
    expect(result.code).toBe(4);
    expect(result.stderr).toContain("letters");
  });

  test("--rebuild works with files outside of the project and packages beside it", async ({ p }) => {
    p.write({
      "../data/in.txt": "far\n",
      "node_modules/shouter/package.json": { name: "shouter", version: "1.0.0", type: "module", exports: "./index.js" },
      "node_modules/shouter/index.js": "export default (text) => text.toUpperCase();\n",
      "stages/a.ts": 'import shout from "shouter";\nexport default async ({ files }) => shout(await files.in.text());\n',
      "pipeline.yaml": pipeline({ a: { run: "stages/a.ts", files: { in: "../data/in.txt" }, output: "a.txt" } }),
    });
    await p.built();
    expect(p.read("artifacts/a.txt")).toBe("FAR\n");
    expect(await p.dag("verify", "--rebuild")).toMatchObject({ code: 0 });
    const bundled = await p.dag("bundle", "-o", "x.dag.tgz");
    expect(bundled.code).toBe(1);
    expect(bundled.stderr).toContain(`copy these into the project: ${p.base}/data/in.txt`);
    expect(p.exists("x.dag.tgz")).toBe(false);
  });
});

describe.concurrent("dag bundle and replay", () => {
  test("a bundle replays elsewhere without cache, key or project, and equal projects give equal bytes", async ({ p, q }) => {
    for (const project of [p, q]) {
      letters(project, {});
      await project.built();
      expect(await project.dag("bundle", "-o", "paper.dag.tgz")).toMatchObject({ code: 0 });
    }
    expect(p.bytes("paper.dag.tgz").equals(q.bytes("paper.dag.tgz"))).toBe(true);
    const build = (await p.dag("hash", "--build")).stdout;
    p.moveTo("nowhere");
    const result = await p.dag("replay", "../project/paper.dag.tgz");
    expect(result).toMatchObject({ code: 0, stdout: `${build}all 4 artifacts came out as published\n` });
    expect(p.everything()).not.toHaveProperty("nowhere/artifacts");
  });

  test("--into keeps the project, which is then fresh and frozen", async ({ p }) => {
    letters(p);
    await p.built();
    await p.dag("bundle", "-o", "paper.dag.tgz");
    expect((await p.dag("replay", "paper.dag.tgz", "--into", "../review")).code).toBe(0);
    p.moveTo("review");
    expect((await p.dag("status")).code).toBe(0);
    expect((await p.dag("run", "--frozen", "--json")).done).toMatchObject({ ok: true, ran: [] });
    expect((await p.dag("replay", "../project/paper.dag.tgz", "--into", ".")).code).toBe(2);
  });

  test("a target's bundle holds what it needs and no more; presets and params go along", async ({ p }) => {
    letters(p, { other: { cmd: "echo other > {output}", files: { x: "secret.txt" }, output: "other.txt" }, sized: { cmd: ["sh", "-c", 'echo "$0" > "$1"', "{params.n}", "{output}"], params: ["n"], output: "sized.txt" } });
    const yaml = JSON.parse(p.read("pipeline.yaml")) as Record<string, unknown>;
    p.write({ "secret.txt": "s", "pipeline.yaml": { ...yaml, params: { n: 1 }, presets: { big: { params: { n: 10 } } } } });
    await p.built("--preset", "big", "-p", "n=11");
    expect((await p.dag("bundle", "sized", "--preset", "big", "-p", "n=11", "-o", "sized.dag.tgz")).code).toBe(0);
    const listing = execFileSync("tar", ["tzf", p.path("sized.dag.tgz")], { encoding: "utf8" });
    expect(listing).toBe("bundle.json\nproject/dag.lock\nproject/pipeline.yaml\n");
    expect((await p.dag("replay", "sized.dag.tgz")).code).toBe(0);
  });

  test("is refused for what is not fresh, and for what a clean rebuild does not give", async ({ p }) => {
    letters(p, { hidden: { cmd: `cat ${p.base}/beside > {output}`, output: "hidden.txt" } });
    p.write({ "../beside": "one" });
    expect(await p.dag("bundle", "-o", "x.dag.tgz")).toMatchObject({ code: 3 });
    await p.built();
    p.write({ "../beside": "two" });
    const result = await p.dag("bundle", "-o", "x.dag.tgz");
    expect(result.code).toBe(3);
    expect(result.stdout).toContain("differs  hidden");
    expect(p.exists("x.dag.tgz")).toBe(false);
  });

  test("a bundle that was changed anywhere is not replayed as whole", async ({ p }) => {
    letters(p);
    await p.built();
    await p.dag("bundle", "-o", "good.dag.tgz");
    const good = p.path("good.dag.tgz");
    const refused = async (name: string, words: RegExp): Promise<void> => {
      const result = await p.dag("replay", name);
      expect(result.code, name).toBe(3);
      expect(result.stderr, name).toMatch(words);
      expect(result.stderr).not.toMatch(/^ {4}at /m);
    };
    await tampered(good, p.path("prompt.dag.tgz"), { "project/prompts/letter.md": "Write to {{ person.id }}!\n{% render 'partials/end' %}\n" });
    await refused("prompt.dag.tgz", /"project\/prompts\/letter\.md" does not have the hash/);
    await tampered(good, p.path("gone.dag.tgz"), { "project/lib/shout.ts": null });
    await refused("gone.dag.tgz", /it lacks "project\/lib\/shout\.ts"/);
    await tampered(good, p.path("outside.dag.tgz"), {}, (name) => (name === "project/lib/shout.ts" ? "project/../../evil.ts" : name));
    await refused("outside.dag.tgz", /would lie outside/);
    await tampered(good, p.path("added.dag.tgz"), {}, (name) => (name === "project/lib/shout.ts" ? "project/lib/other.ts" : name));
    await refused("added.dag.tgz", /does not list/);
    const bytes = readFileSync(good);
    writeFileSync(p.path("short.dag.tgz"), bytes.subarray(0, bytes.length >> 1));
    await refused("short.dag.tgz", /is not a whole archive/);
    writeFileSync(p.path("text.dag.tgz"), "no archive\n");
    await refused("text.dag.tgz", /is not a whole archive/);
    expect(p.exists("evil.ts")).toBe(false);
    expect((await p.dag("replay", "absent.dag.tgz")).code).toBe(1);
  });

  test("a replay whose lock says something else exits 3 and names it", async ({ p }) => {
    letters(p);
    await p.built();
    await p.dag("bundle", "-o", "good.dag.tgz");
    const lock = p.read("dag.lock");
    const { artifact } = p.lock().cells["count"]!;
    const other = lock.replaceAll(artifact, `sha256:${"0".repeat(64)}`);
    const manifest = JSON.parse(execFileSync("tar", ["xzOf", p.path("good.dag.tgz"), "bundle.json"], { encoding: "utf8" })) as { files: Record<string, { sha256: string; bytes: number }> };
    const { createHash } = await import("node:crypto");
    manifest.files["project/dag.lock"] = { sha256: `sha256:${createHash("sha256").update(other).digest("hex")}`, bytes: Buffer.byteLength(other) };
    await tampered(p.path("good.dag.tgz"), p.path("lie.dag.tgz"), { "project/dag.lock": other, "bundle.json": JSON.stringify(manifest) });
    const result = await p.dag("replay", "lie.dag.tgz");
    expect(result.code).toBe(3);
    expect(result.stdout).toContain(`differs  count: count.txt should be sha256:${"0".repeat(64)}, is ${artifact}`);
  });

  test("nothing of the machine is in the archive", async ({ p }) => {
    letters(p);
    await p.built();
    await p.dag("bundle", "-o", "paper.dag.tgz");
    const bytes = p.bytes("paper.dag.tgz");
    expect([...bytes.subarray(4, 10)]).toEqual([0, 0, 0, 0, 2, 255]);
    expect(gunzipSync(bytes).toString("latin1")).not.toContain(p.base);
    expect(execFileSync("tar", ["tzvf", join(p.root, "paper.dag.tgz")], { encoding: "utf8", env: { PATH: process.env["PATH"], TZ: "UTC" } })).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 bundle\.json$/m);
  });
});

describe.concurrent("dag cite", () => {
  test("prints the hashes of what is fresh, in four formats, and nothing of what is not", async ({ p }) => {
    letters(p);
    expect(await p.dag("cite")).toMatchObject({ code: 3, stdout: "" });
    await p.built();
    const { artifact } = p.lock().cells["tables"]!;
    const build = (await p.dag("hash", "--build")).stdout.split(" ")[0] ?? "";
    const cited = JSON.parse((await p.dag("cite", "tables", "--format", "json")).stdout) as object;
    expect(cited).toMatchObject({ name: "test", build, artifacts: [{ name: "tables", hash: artifact }] });
    expect((await p.dag("cite", "tables")).stdout).toContain(`| \`tables\` | \`${artifact}\` |`);
    expect((await p.dag("cite", "tables", "--format", "bibtex")).stdout).toContain(`note = {Build ${build}; tables ${artifact}}`);
    expect((await p.dag("cite", "tables", "--format", "latex")).stdout).toContain(`\\texttt{${artifact.slice(7, 39)}\\allowbreak ${artifact.slice(39)}}`);
    expect((await p.dag("cite", "--format", "word")).code).toBe(2);
    p.write({ "artifacts/count.txt": "9\n" });
    expect(await p.dag("cite", "tables")).toMatchObject({ code: 3, stdout: "" });
  });
});
