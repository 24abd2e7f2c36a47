import fc from "fast-check";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Journal } from "../src/store/index.ts";
import { problems, program, temporary } from "./store.rig.ts";

function rig() {
  const path = join(temporary(), "items/journal.jsonl");
  const found = problems();
  return { path, found, open: (readonly = false) => Journal.open(path, { onProblem: found.onProblem, readonly }) };
}

async function contents(journal: Journal): Promise<Record<string, string | undefined>> {
  const all: Record<string, string | undefined> = {};
  for (const key of [...journal.keys()].sort()) all[key] = await journal.read(key);
  return all;
}

/** All contents, and the journal closed. */
async function everything(opening: Promise<Journal>): Promise<Record<string, string | undefined>> {
  const journal = await opening;
  expect(await journal.read("never appended")).toBeUndefined();
  const all = await contents(journal);
  await journal.close();
  return all;
}

async function filled(path: string, entries: Record<string, string>): Promise<void> {
  const journal = await Journal.open(path);
  for (const [key, value] of Object.entries(entries)) await journal.append(key, value);
  await journal.close();
}

const key = fc.oneof(fc.string({ unit: "binary", maxLength: 6 }), fc.constantFrom("", '"', "\\", '\\"', "\n", "__proto__", "\0", "a", "b", "\ud800"));

describe("the journal of finished items", () => {
  test("what is appended is read at once, after a close, and by another reader; the last of a key wins", async () => {
    const { path, found, open } = rig();
    const journal = await open();
    expect(existsSync(path)).toBe(false);
    const first = journal.append("a", "1");
    expect(journal.has("a")).toBe(true);
    expect(await journal.read("a")).toBe("1");
    await first;
    await Promise.all([journal.append("b", '{"x":"é\\n"}'), journal.append("a", "2"), journal.append("a", "3")]);
    expect(await journal.read("a")).toBe("3");
    const reader = await open(true);
    expect(await contents(reader)).toEqual({ a: "3", b: '{"x":"é\\n"}' });
    expect(() => reader.append("c", "1")).toThrow(/for reading only/);
    await reader.close();
    await journal.close();
    expect(await everything(open())).toEqual({ a: "3", b: '{"x":"é\\n"}' });
    expect(found.told).toEqual([]);
  });

  test("every line is JSON", async () => {
    const { path } = rig();
    await filled(path, { 'k"1': "[1,2]", k2: '"text"' });
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([{ journal: 1 }, [expect.stringMatching(/^[0-9a-f]{8}$/), 'k"1', [1, 2]], [expect.stringMatching(/^[0-9a-f]{8}$/), "k2", "text"]]);
  });

  test("any sequence of appends, closes and compactions reads back like a map", async () => {
    const step = fc.oneof(fc.tuple(fc.constant("append" as const), key, fc.jsonValue().map((value) => JSON.stringify(value))), fc.constantFrom(["reopen"] as const, ["compact"] as const));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { open, found } = rig();
        const model = new Map<string, string>();
        let journal = await open();
        for (const [act, ...rest] of steps) {
          if (act === "append") {
            const [name, value] = rest as [string, string];
            void journal.append(name, value);
            model.set(name, value);
          } else if (act === "reopen") {
            await journal.close();
            journal = await open();
          } else await journal.compact();
        }
        await journal.flush();
        for (const [name, value] of model) expect(await journal.read(name)).toBe(value);
        expect([...journal.keys()].sort()).toEqual([...model.keys()].sort());
        await journal.close();
        const again = await open();
        for (const [name, value] of model) expect(await again.read(name)).toBe(value);
        await again.close();
        expect(found.told).toEqual([]);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  test("lines longer than one piece of reading, and many small ones across its border, come back", async () => {
    const { path, open } = rig();
    const entries: Record<string, string> = {};
    for (let i = 0; i < 40; i++) entries[`k${i}`] = JSON.stringify("é".repeat(i % 8 === 0 ? 1_200_000 + i : 13_000 + i));
    await filled(path, entries);
    const journal = await open();
    for (const [name, value] of Object.entries(entries)) expect((await journal.read(name)) === value).toBe(true);
    await journal.close();
  });

  test("a value of several lines is refused", async () => {
    const { open } = rig();
    const journal = await open();
    expect(() => journal.append("a", "{\n}")).toThrow(/on one line/);
    await journal.close();
  });

  test("more than half dead, it is compacted when opened; a reader leaves it alone", async () => {
    const { path, open } = rig();
    const journal = await open();
    for (let i = 0; i < 5000; i++) void journal.append(`k${i % 100}`, JSON.stringify(`value ${i}`));
    await journal.flush();
    for (let i = 0; i < 5000; i++) await journal.append(`k${i % 100}`, JSON.stringify(`value ${i}`));
    await journal.close();
    const before = statSync(path).size;
    const reader = await open(true);
    await reader.close();
    expect(statSync(path).size).toBe(before);
    const again = await open();
    expect(statSync(path).size).toBeLessThan(before / 10);
    await again.append("k0", '"after"');
    expect(await again.read("k0")).toBe('"after"');
    expect(await again.read("k99")).toBe('"value 4999"');
    await again.close();
    expect(readdirSync(join(path, ".."))).toEqual(["journal.jsonl"]);
    const last = await open();
    await last.compact((name) => name === "k7");
    expect(await contents(last)).toEqual({ k7: '"value 4907"' });
    await last.close();
  });
});

describe("a damaged journal", () => {
  const three = { a: '"first"', b: '"second"', c: '"third"' };

  test("with a torn end loses that line only, and is appended to on a new line", async () => {
    const { path, found, open } = rig();
    await filled(path, three);
    const whole = statSync(path).size;
    for (let cut = 1; cut < 24; cut++) {
      rmSync(path);
      await filled(path, three);
      truncateSync(path, whole - cut);
      const journal = await open();
      // A line that lacks only its newline is whole.
      const left = cut === 1 ? three : { a: three.a, b: three.b };
      expect(await contents(journal)).toEqual(left);
      expect(found.told.length).toBe(cut - 1);
      await journal.append("d", '"fourth"');
      await journal.close();
      expect(await everything(Journal.open(path))).toEqual({ ...left, d: '"fourth"' });
    }
    expect(found.told[0]).toMatchObject({ reason: "damaged", path, message: `${path} has a damaged line; the others are used` });
  });

  test("a flipped bit costs one line, is reported once, and nothing wrong is read", async () => {
    const { path, found, open } = rig();
    await filled(path, three);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ (1 << at % 8);
      writeFileSync(path, bytes);
      const before = found.told.length;
      const journal = await open(true);
      const all = await contents(journal);
      await journal.close();
      expect(found.told.length - before).toBeLessThanOrEqual(1);
      for (const [name, value] of Object.entries(all)) expect(value).toBe(three[name as "a"]);
      const inHeader = at < 14;
      // A flipped newline joins two lines, a flipped digit of the header's version is another version.
      if (!inHeader) expect(Object.keys(all).length).toBeGreaterThanOrEqual(1);
      if (!inHeader || Object.keys(all).length < 3) expect(found.told.length - before).toBe(1);
    }
  });

  test("damage between open and read is noticed", async () => {
    const { path, found, open } = rig();
    await filled(path, three);
    const journal = await open();
    writeFileSync(path, readFileSync(path, "utf8").replace("second", "sfcond").replace("third", "thjrd"));
    expect(await journal.read("a")).toBe('"first"');
    expect(await journal.read("b")).toBeUndefined();
    expect(await journal.read("c")).toBeUndefined();
    expect(journal.has("b")).toBe(false);
    expect(found.reasons()).toEqual(["damaged"]);
    await journal.append("b", '"again"');
    expect(await journal.read("b")).toBe('"again"');
    await journal.close();
  });

  test("garbage, an empty file and another version are started over", async () => {
    for (const [text, reasons] of [
      ["\0\xff garbage without any newline", ["damaged"]],
      ["garbage\n\n{}\n[]\n[\"00000000\",\"a\",1]\n", ["damaged"]],
      ["", []],
      ['{"journal":0}\n["00000000","a",1]\n', ["other-version"]],
      ['{"journal":2}\n', ["other-version"]],
    ] as const) {
      const { path, found, open } = rig();
      mkdirSync(join(path, ".."));
      writeFileSync(path, text);
      const reader = await open(true);
      expect(await contents(reader)).toEqual({});
      expect(readFileSync(path, "utf8")).toBe(text);
      await reader.close();
      const journal = await open();
      await journal.append("a", "1");
      expect(await contents(journal)).toEqual({ a: "1" });
      await journal.close();
      expect(found.reasons()).toEqual([...reasons, ...reasons]);
      expect(await everything(Journal.open(path))).toEqual({ a: "1" });
    }
  });

  test("a directory in its place is an error with a path", async () => {
    const { path, open } = rig();
    mkdirSync(path, { recursive: true });
    await expect(open()).rejects.toMatchObject({ reason: "not-a-file", path });
  });
});

test("killed at any moment, whatever append promised is there", async () => {
  const made = temporary();
  const run = await program(made, `
    import { Journal } from "STORE";
    import { writeSync } from "node:fs";
    const journal = await Journal.open(process.argv[2]);
    const from = Number(process.argv[3]);
    for (let i = from; ; i++) journal.append("k" + i, JSON.stringify("v".repeat(i % 3000) + i)).then(() => writeSync(1, i + "\\n")), i % 32 === 0 && (await new Promise((resolve) => setTimeout(resolve, 1)));`);
  const path = join(made, "items/journal.jsonl");
  const promised = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const child = spawn(process.execPath, [run, path, String(round * 1_000_000)], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    const heard = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    child.stdout.on("data", (data: Buffer) => (said += data.toString()));
    await heard;
    setTimeout(() => child.kill("SIGKILL"), 5 + round * 7);
    await new Promise((resolve) => child.once("close", resolve));
    for (const line of said.split("\n").slice(0, -1)) promised.add(Number(line));
    const journal = await Journal.open(path, { readonly: true });
    for (const i of promised) if ((await journal.read(`k${i}`)) !== JSON.stringify("v".repeat(i % 3000) + i)) expect.fail(`k${i} was promised and is lost`);
    await journal.close();
    if (round === 5) appendFileSync(path, '["torn');
  }
  expect(promised.size).toBeGreaterThan(100);
});

test("a failing disk fails the append and the flush, and the next append works", async (context) => {
  const disk = temporary();
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status !== 0) return context.skip("mounting a small file system needs root");
  try {
    const path = join(disk, "journal.jsonl");
    const journal = await Journal.open(path);
    await journal.append("a", '"first"');
    await expect(journal.append("big", JSON.stringify("x".repeat(200_000)))).rejects.toMatchObject({ reason: "no-space", path });
    await expect(journal.flush()).rejects.toMatchObject({ reason: "no-space" });
    expect(journal.has("big")).toBe(false);
    spawnSync("mount", ["-o", "remount,size=1m", disk]);
    await journal.append("b", '"second"');
    await journal.close();
    const found = problems();
    const again = await Journal.open(path, { onProblem: found.onProblem, readonly: true });
    expect(await contents(again)).toEqual({ a: '"first"', b: '"second"' });
    expect(found.reasons()).toEqual(["damaged"]);
    await again.close();
  } finally {
    spawnSync("umount", ["-l", disk]);
  }
});

test("a hundred thousand items open in bounded memory and time", async () => {
  const made = temporary();
  const run = await program(made, `
    import { Journal } from "STORE";
    const path = process.argv[2], value = JSON.stringify("x".repeat(2000));
    const writer = await Journal.open(path);
    for (let i = 0; i < 100_000; i++) { const done = writer.append("sha256:" + String(i).padStart(64, "0"), value); if (i % 1000 === 0) await done; }
    await writer.close();
    const before = process.resourceUsage().maxRSS, began = performance.now();
    const journal = await Journal.open(path);
    const openMs = performance.now() - began;
    let read = 0;
    for (const key of journal.keys()) read += (await journal.read(key)).length;
    console.log(JSON.stringify({ openMs: Math.round(openMs), readMs: Math.round(performance.now() - began - openMs), read, grownMB: Math.round((process.resourceUsage().maxRSS - before) / 1024), totalMB: Math.round(process.resourceUsage().maxRSS / 1024) }));`);
  const said = JSON.parse(execFileSync(process.execPath, [run, join(made, "journal.jsonl")], { encoding: "utf8" })) as { openMs: number; read: number; grownMB: number };
  if (process.env["DAG_LARGE"] !== undefined) console.log(said);
  expect(said.read).toBe(100_000 * 2002);
  // 200 MB of values; the bound is generous for a busy machine.
  expect(said.openMs).toBeLessThan(5000);
  expect(said.grownMB).toBeLessThan(128);
});
