import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { isTempName, ObjectStore, removeTree, replace, StatCache, StoreError, sweepTemps, tempPath, writeAtomic, writeAtomicSync } from "../src/store/index.ts";
import { problems, program, temporary } from "./store.rig.ts";

/** A file system of 256 KiB, or undefined where this user may not mount one. */
function smallDisk(): string | undefined {
  const directory = temporary();
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", directory]).status !== 0) return undefined;
  onTestFinished(() => void spawnSync("umount", ["-l", directory]));
  return directory;
}

describe("writing whole files", () => {
  test("a write makes the directories it needs, replaces what was there and leaves nothing else", async () => {
    const path = join(temporary(), "a/b/file");
    await writeAtomic(path, "one");
    await writeAtomic(path, Buffer.from("two"), { fsync: true });
    expect(readFileSync(path, "utf8")).toBe("two");
    writeAtomicSync(path, "three");
    expect(readFileSync(path, "utf8")).toBe("three");
    expect(readdirSync(join(path, ".."))).toEqual(["file"]);
  });

  test("a directory in the file's place is an error with advice, and nothing is left beside it", async () => {
    const made = temporary();
    mkdirSync(join(made, "file/inner"), { recursive: true });
    const error = await writeAtomic(join(made, "file"), "x").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ reason: "not-a-file", path: join(made, "file"), message: `cannot write ${join(made, "file")}: it is a directory`, advice: "move or remove the directory" });
    expect(() => writeAtomicSync(join(made, "file"), "x")).toThrow(/it is a directory/);
    expect(readdirSync(made)).toEqual(["file"]);
  });

  test("a file in a directory's place is an error", async () => {
    const made = temporary();
    writeFileSync(join(made, "file"), "");
    await expect(writeAtomic(join(made, "file/x"), "x")).rejects.toMatchObject({ reason: "not-a-directory" });
  });

  test("a full disk keeps the old content, says so, and keeps no half file", async (context) => {
    const disk = smallDisk();
    if (disk === undefined) return context.skip("mounting a small file system needs root");
    const path = join(disk, "file");
    await writeAtomic(path, "old");
    const error = await writeAtomic(path, Buffer.alloc(1 << 20)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: "no-space", path, message: `cannot write ${path}: the disk is full` });
    expect((error as StoreError).advice).toContain("dag cache gc");
    expect(() => writeAtomicSync(path, Buffer.alloc(1 << 20))).toThrow(expect.objectContaining({ reason: "no-space" }));
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(disk)).toEqual(["file"]);

    const store = new ObjectStore(join(disk, "objects"));
    const big = join(temporary(), "big");
    writeFileSync(big, Buffer.alloc(1 << 20, 1));
    await expect(store.putFile(big)).rejects.toMatchObject({ reason: "no-space" });
    expect(readdirSync(join(disk, "objects"))).toEqual([]);

    // Bringing bytes back to a full disk leaves what stood there.
    const full = new ObjectStore(join(temporary(), "objects"));
    const { hash } = await full.putFile(big);
    await expect(full.checkout(hash, path)).rejects.toMatchObject({ reason: "no-space", path });
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(disk).sort()).toEqual(["file", "objects"]);
  });

  test("a read-only disk is an error that says so; the stat cache only loses time", async (context) => {
    const disk = smallDisk();
    if (disk === undefined) return context.skip("mounting a small file system needs root");
    writeFileSync(join(disk, "file"), "old");
    execFileSync("mount", ["-o", "remount,ro", disk]);
    await expect(writeAtomic(join(disk, "file"), "x")).rejects.toMatchObject({ reason: "read-only", message: `cannot write ${join(disk, "file")}: the file system is read-only` });
    await expect(removeTree(join(disk, "file"))).rejects.toMatchObject({ reason: "read-only" });
    const found = problems();
    const cache = StatCache.load(join(disk, "state/stat.json"), { root: disk, onProblem: found.onProblem, now: () => BigInt(Date.now() + 10_000) * 1_000_000n });
    expect(cache.hashSync("file")).toMatch(/^sha256:/);
    expect(cache.save()).toBe(false);
    expect(found.reasons()).toEqual(["unwritable"]);
  });

  test("a limit on file sizes is an error, not a death", async () => {
    const made = temporary();
    const run = await program(made, `
      import { writeAtomic, StoreError } from "STORE";
      process.on("SIGXFSZ", () => {});
      try { await writeAtomic(process.argv[2] + "/big", Buffer.alloc(1 << 20)); console.log("written"); }
      catch (error) { console.log(error instanceof StoreError ? error.reason : error); }`);
    const out = join(made, "out");
    mkdirSync(out);
    expect(execFileSync("sh", ["-c", 'ulimit -f 4; exec "$0" "$@"', process.execPath, run, out], { encoding: "utf8" })).toBe("no-space\n");
    expect(readdirSync(out)).toEqual([]);
  });

  test("killed at any moment, a writer leaves the old bytes or the new ones, never a part", async () => {
    const made = temporary();
    const run = await program(made, `
      import { writeAtomic } from "STORE";
      const [, , path] = process.argv;
      for (let i = 0; ; i++) { await writeAtomic(path, String(i % 10).repeat(3_000_000)); if (i === 0) process.stdout.write("writing"); }`);
    const path = join(made, "out/file");
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [run, path], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      await sleep(round * 7);
      child.kill("SIGKILL");
      expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
      const text = readFileSync(path, "utf8");
      expect(text.length).toBe(3_000_000);
      expect(text === (text[0] as string).repeat(3_000_000)).toBe(true);
    }
    const left = await sweepTemps(join(made, "out"));
    expect(left.every(isTempName)).toBe(true);
    expect(readdirSync(join(made, "out"))).toEqual(["file"]);
  });
});

describe("replacing and removing", () => {
  test("a file replaces a directory and a directory a file, or a directory with files in it", async () => {
    const made = temporary();
    const path = join(made, "x");
    const directory = (name: string): string => {
      const temp = tempPath(made);
      mkdirSync(temp);
      writeFileSync(join(temp, name), "");
      return temp;
    };
    writeFileSync(path, "file");
    await replace(directory("a"), path);
    expect(readdirSync(path)).toEqual(["a"]);
    await replace(directory("b"), path);
    expect(readdirSync(path)).toEqual(["b"]);
    const temp = tempPath(made);
    writeFileSync(temp, "file");
    await replace(temp, path);
    expect(readFileSync(path, "utf8")).toBe("file");
    expect(readdirSync(made)).toEqual(["x"]);
  });

  test("removing a tree removes links, not what they lead to, and bears read-only files", async () => {
    const made = temporary();
    mkdirSync(join(made, "kept"));
    writeFileSync(join(made, "kept/file"), "");
    mkdirSync(join(made, "gone/inner"), { recursive: true });
    writeFileSync(join(made, "gone/inner/file"), "");
    chmodSync(join(made, "gone/inner/file"), 0o444);
    symlinkSync("../kept", join(made, "gone/link"));
    await removeTree(join(made, "gone"));
    await removeTree(join(made, "never there"));
    expect(readdirSync(made)).toEqual(["kept"]);
    expect(readdirSync(join(made, "kept"))).toEqual(["file"]);
  });

  test("sweeping takes what other processes left and nothing else", async () => {
    const made = temporary();
    const mine = tempPath(made);
    writeFileSync(mine, "");
    writeFileSync(join(made, ".dag-999999-0123456789ab.tmp"), "");
    mkdirSync(join(made, ".dag-999998-0123456789ab.tmp/inner"), { recursive: true });
    writeFileSync(join(made, ".dag-notes.tmp"), "");
    expect((await sweepTemps(made)).sort()).toEqual([".dag-999998-0123456789ab.tmp", ".dag-999999-0123456789ab.tmp"]);
    expect(readdirSync(made).sort()).toEqual([mine.slice(made.length + 1), ".dag-notes.tmp"].sort());
    expect(await sweepTemps(join(made, "never there"))).toEqual([]);
  });
});
