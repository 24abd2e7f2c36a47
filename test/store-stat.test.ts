import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { hashDirectory, sha256, signatureSync, StatCache, type Sha256 } from "../src/store/index.ts";
import { isSettled } from "../src/store/signature.ts";
import { problems, temporary } from "./store.rig.ts";

/** Longer than the granularity below which a time stamp is not trusted. */
const settle = () => sleep(45);

function project() {
  const root = temporary();
  mkdirSync(join(root, "state"));
  const state = join(root, "state/stat.json");
  const found = problems();
  return { root, state, found, file: join(root, "file"), load: (now?: () => bigint) => StatCache.load(state, { root, onProblem: found.onProblem, ...(now ? { now } : {}) }) };
}

/** Lets a remembered hash be told from one just made: the state file's hash is exchanged for another, its checksum mended. */
function lie(state: string, path: string): Sha256 {
  const text = readFileSync(state, "utf8");
  const body = text.slice(text.indexOf('"state":') + 8, -2).replace(new RegExp(`("${path}","[0-9:]+ )[0-9a-f]{64}`), `$1${"e".repeat(64)}`);
  writeFileSync(state, `{"version":1,"checksum":"${sha256(body).slice(7)}","state":${body}}\n`);
  return `sha256:${"e".repeat(64)}`;
}

describe("the stat cache", () => {
  test("an unchanged file is not read again", async () => {
    const { file, state, load } = project();
    writeFileSync(file, "one");
    await settle();
    const cache = load();
    expect(await cache.hash("file")).toBe(sha256("one"));
    expect(cache.save()).toBe(true);
    const told = lie(state, "file");
    expect(load().hashSync(file)).toBe(told);
    expect(await load().hash("file")).toBe(told);
  });

  test("nothing changed, nothing written", async () => {
    const { file, state, load } = project();
    writeFileSync(file, "one");
    await settle();
    const first = load();
    first.hashSync("file");
    first.save();
    const before = statSync(state, { bigint: true });
    const second = load();
    second.hashSync("file");
    expect(second.save()).toBe(false);
    expect(statSync(state, { bigint: true }).ino).toBe(before.ino);
  });

  test("a touched file is read again and has the same hash", async () => {
    const { file, load } = project();
    writeFileSync(file, "one");
    await settle();
    const cache = load();
    const before = cache.hashSync("file");
    utimesSync(file, 1, 1);
    expect(cache.hashSync("file")).toBe(before);
  });

  test("an edit with size and mtime put back is noticed", async () => {
    const { file, load } = project();
    writeFileSync(file, "one");
    await settle();
    const cache = load();
    expect(cache.hashSync("file")).toBe(sha256("one"));
    cache.save();
    const { atime, mtime, mtimeMs } = statSync(file);
    writeFileSync(file, "two");
    utimesSync(file, atime, mtime);
    expect(Math.abs(statSync(file).mtimeMs - mtimeMs)).toBeLessThan(1);
    expect(load().hashSync("file")).toBe(sha256("two"));
    expect(await load().hash("file")).toBe(sha256("two"));
  });

  test("a file replaced by another of equal size and mtime is noticed", async () => {
    const { file, root, load } = project();
    writeFileSync(file, "one");
    writeFileSync(join(root, "other"), "two");
    execFileSync("touch", ["-r", file, join(root, "other")]);
    await settle();
    const cache = load();
    expect(cache.hashSync("file")).toBe(sha256("one"));
    renameSync(join(root, "other"), file);
    expect(cache.hashSync("file")).toBe(sha256("two"));
  });

  test("a file hashed in the tick it was written in is not trusted afterwards", async () => {
    const { file, state, load } = project();
    writeFileSync(file, "one");
    const { ctimeNs } = statSync(file, { bigint: true });
    let now = ctimeNs + 15_000_000n;
    const cache = load(() => now);
    expect(cache.hashSync("file")).toBe(sha256("one"));
    cache.save();
    expect(existsSync(state)).toBe(false);
    now = ctimeNs + 25_000_000n;
    expect(cache.hashSync("file")).toBe(sha256("one"));
    cache.save();
    expect(readFileSync(state, "utf8")).toContain(sha256("one").slice(7));
  });

  test("edits as fast as they come are all noticed", async () => {
    const { file, load } = project();
    const cache = load();
    for (let i = 0; i < 3000; i++) {
      const text = String(i % 10);
      writeFileSync(file, text);
      const hash = i % 2 === 0 ? cache.hashSync("file") : await cache.hash("file");
      if (hash !== sha256(text)) expect.fail(`edit ${i} was not noticed`);
    }
  });

  test("a file from the future is never trusted", async () => {
    const { file, state, load } = project();
    writeFileSync(file, "one");
    const soon = new Date(Date.now() + 3_600_000);
    utimesSync(file, soon, soon);
    await settle();
    const cache = load();
    cache.hashSync("file");
    cache.save();
    expect(existsSync(state) && readFileSync(state, "utf8").includes(sha256("one").slice(7))).toBe(false);
  });

  test("a clock ahead of the file system's does not make a fresh file look old", () => {
    const { file, state, load } = project();
    const cache = load(() => BigInt(Date.now() + 3_600_000) * 1_000_000n);
    writeFileSync(file, "one");
    expect(cache.hashSync("file")).toBe(sha256("one"));
    cache.save();
    expect(existsSync(state) && readFileSync(state, "utf8").includes(sha256("one").slice(7))).toBe(false);
  });

  test("whole-second time stamps are trusted only after seconds", () => {
    const { file } = project();
    writeFileSync(file, "one");
    const stats = (ns: bigint) => ({ ...statSync(file, { bigint: true }), mtimeNs: ns, ctimeNs: ns }) as unknown as Parameters<typeof isSettled>[0];
    const second = 1_000_000_000n;
    expect(isSettled(stats(5n * second), 6n * second)).toBe(false);
    expect(isSettled(stats(5n * second), 7n * second + 1n)).toBe(true);
    expect(isSettled(stats(5n * second + 1n), 5n * second + 30_000_000n)).toBe(true);
    expect(isSettled(stats(5n * second + 1n), 5n * second + 15_000_000n)).toBe(false);
  });

  test("nothing there, a dangling link and a path below a file have no hash; a directory is an error", async () => {
    const { file, root, load } = project();
    const cache = load();
    writeFileSync(file, "");
    symlinkSync("nowhere", join(root, "dangling"));
    for (const path of ["nothing", "dangling", "file/below"]) {
      expect(cache.hashSync(path)).toBeUndefined();
      expect(await cache.hash(path)).toBeUndefined();
      expect(signatureSync(join(root, path))).toBeUndefined();
    }
    await expect(cache.hash("state")).rejects.toMatchObject({ reason: "not-a-file" });
    expect(() => cache.hashSync("state")).toThrow(/it is a directory/);
  });

  test("links are followed: an edit of what they lead to is noticed", async () => {
    const { file, root, load } = project();
    writeFileSync(file, "one");
    symlinkSync("file", join(root, "link"));
    await settle();
    const cache = load();
    expect(cache.hashSync("link")).toBe(sha256("one"));
    writeFileSync(file, "two");
    expect(cache.hashSync("link")).toBe(sha256("two"));
  });

  test("directories through the cache have the hash they have without it", async () => {
    const { root, load } = project();
    mkdirSync(join(root, "d/sub"), { recursive: true });
    for (let i = 0; i < 40; i++) writeFileSync(join(root, i % 2 === 0 ? "d" : "d/sub", `f${i}`), String(i));
    await settle();
    const cache = load();
    const plain = await hashDirectory(join(root, "d"));
    expect(await cache.hashDirectory("d")).toEqual(plain);
    expect(cache.hashDirectorySync("d")).toEqual(plain);
    rmSync(join(root, "d/f4"));
    writeFileSync(join(root, "d/sub/f1"), "x");
    expect(await cache.hashDirectory("d")).toEqual(await hashDirectory(join(root, "d")));
    expect(cache.hashDirectorySync("d").hash).not.toBe(plain.hash);
  });

  test("whatever is done to some files, the hashes are right", async () => {
    const { root, load } = project();
    const names = ["a", "b", "c"];
    const step = fc.record({ act: fc.constantFrom("write", "touch", "restore", "remove", "swap", "reload", "wait"), file: fc.constantFrom(...names), text: fc.constantFrom("1", "2", "33") });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        let cache = load();
        for (const { act, file, text } of steps) {
          const path = join(root, file);
          if (act === "write") writeFileSync(path, text);
          if (act === "remove") rmSync(path, { force: true });
          if (act === "wait") await sleep(25);
          if (act === "reload") {
            cache.save();
            cache = load();
          }
          if (act === "touch" && existsSync(path)) utimesSync(path, new Date(), new Date());
          if (act === "restore" && existsSync(path)) {
            const { atime, mtime } = statSync(path);
            writeFileSync(path, text);
            utimesSync(path, atime, mtime);
          }
          if (act === "swap" && existsSync(path)) {
            copyFileSync(path, `${path}.new`);
            renameSync(`${path}.new`, path);
          }
          for (const name of names) {
            const real = existsSync(join(root, name)) ? sha256(readFileSync(join(root, name))) : undefined;
            expect(cache.hashSync(name)).toBe(real);
          }
        }
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  test("entries nobody asked for in many saves are dropped, others stay", async () => {
    const { root, state, load } = project();
    for (const name of ["kept", "dropped", "mover"]) writeFileSync(join(root, name), name);
    await settle();
    const first = load();
    for (const name of ["kept", "dropped"]) first.hashSync(name);
    first.save();
    let cache = first;
    for (let i = 0; i < 70; i++) {
      cache = load();
      cache.hashSync("kept");
      cache.hashSync("mover");
      cache.forget("mover");
      expect(cache.save()).toBe(true);
    }
    expect(readFileSync(state, "utf8")).toContain('"kept"');
    expect(readFileSync(state, "utf8")).not.toContain('"dropped"');
  });
});

describe("a damaged state file of the stat cache", () => {
  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    truncated: (bytes) => bytes.subarray(0, bytes.length >> 1),
    empty: () => Buffer.alloc(0),
    garbage: () => Buffer.from("\0\xff{{{garbage"),
    "of an older version": (bytes) => Buffer.from(bytes.toString().replace('"version":1', '"version":0')),
    "other JSON": () => Buffer.from('{"version":1,"checksum":"x","state":[]}\n'),
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(`${what}: reported once, started over, written again`, async () => {
      const { file, state, found, load } = project();
      writeFileSync(file, "one");
      await settle();
      const cache = load();
      cache.hashSync("file");
      cache.save();
      writeFileSync(state, damage(readFileSync(state)));
      const next = load();
      expect(next.hashSync("file")).toBe(sha256("one"));
      expect(next.hashSync("file")).toBe(sha256("one"));
      expect(found.reasons()).toEqual([what === "of an older version" ? "other-version" : "damaged"]);
      expect(found.told[0]?.message).toMatch(/stat\.json (is damaged|has version 0, this is version 1); starting over, files are hashed again$/);
      expect(next.save()).toBe(true);
      load();
      expect(found.told.length).toBe(1);
    });
  }

  test("a flipped byte anywhere is never trusted", async () => {
    const { root, state, found, load } = project();
    for (let i = 0; i < 4; i++) writeFileSync(join(root, `f${i}`), String(i));
    await settle();
    const cache = load();
    for (let i = 0; i < 4; i++) cache.hashSync(`f${i}`);
    cache.save();
    const whole = readFileSync(state);
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ (1 << at % 8);
      writeFileSync(state, bytes);
      const next = load();
      for (let i = 0; i < 4; i++) expect(next.hashSync(`f${i}`)).toBe(sha256(String(i)));
      expect(found.told.length).toBe(at + 1);
    }
  });

  test("a directory in its place is reported, not a crash", () => {
    const { file, state, found, load } = project();
    writeFileSync(file, "one");
    mkdirSync(state);
    const cache = load();
    expect(cache.hashSync("file")).toBe(sha256("one"));
    expect(cache.save()).toBe(false);
    expect(found.reasons()).toEqual(["damaged", "unwritable"]);
  });
});
