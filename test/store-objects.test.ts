import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { collect, hashDirectory, listObjects, ObjectStore, sha256, tally, verifyObjects, type Sha256 } from "../src/store/index.ts";
import { problems, program, temporary } from "./store.rig.ts";

function rig() {
  const root = temporary();
  const found = problems();
  const store = new ObjectStore(join(root, "objects"), { onProblem: found.onProblem });
  const put = (path: string, text: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    return join(root, path);
  };
  return { root, found, store, put, at: (path: string) => join(root, path) };
}

function damage(path: string, how: (path: string) => void): void {
  chmodSync(path, 0o644);
  how(path);
}

const damages: Record<string, (path: string) => void> = {
  truncated: (path) => truncateSync(path, 2),
  emptied: (path) => truncateSync(path, 0),
  "a flipped bit": (path) => {
    const bytes = readFileSync(path);
    bytes[3] = (bytes[3] as number) ^ 1;
    writeFileSync(path, bytes);
  },
  lengthened: (path) => writeFileSync(path, `${readFileSync(path, "utf8")}x`),
  "a directory in its place": (path) => {
    rmSync(path);
    mkdirSync(path);
  },
};

describe("objects by content", () => {
  test("what is put comes back, under its hash, read-only, and once", async () => {
    const { store, put, at } = rig();
    const file = put("a", "content");
    const hashed = await store.putFile(file);
    expect(hashed).toEqual({ hash: sha256("content"), bytes: 7 });
    expect(await store.putBytes("content")).toEqual(hashed);
    expect(await store.has(hashed.hash)).toBe(true);
    expect((await store.read(hashed.hash))?.toString()).toBe("content");
    expect(store.pathOf(hashed.hash)).toBe(at(`objects/${hashed.hash.slice(7, 9)}/${hashed.hash.slice(9)}`));
    expect(statSync(store.pathOf(hashed.hash)).mode & 0o777).toBe(0o444);
    expect(await tally(store)).toEqual({ objects: 1, bytes: 7 });
    expect(await store.verify(hashed.hash)).toBe("ok");
  });

  test("an absent object is missing everywhere, and nothing is made", async () => {
    const { store, at } = rig();
    const hash = sha256("never");
    expect(await store.has(hash)).toBe(false);
    expect(await store.read(hash)).toBeUndefined();
    expect(await store.verify(hash)).toBe("missing");
    expect(await store.checkout(hash, at("out"))).toBe("missing");
    expect(await store.checkoutDirectory(hash, at("out"))).toBe("missing");
    expect(existsSync(at("out"))).toBe(false);
    await store.remove(hash);
    expect(await tally(store)).toEqual({ objects: 0, bytes: 0 });
  });

  test("checkout gives a writable copy and replaces a file, a directory and a link", async () => {
    const { store, put, at } = rig();
    const { hash } = await store.putBytes("content");
    put("file", "old");
    put("directory/inner", "old");
    put("target", "target");
    symlinkSync("target", at("link"));
    for (const dest of ["file", "directory", "link", "new/deep/file"]) {
      expect(await store.checkout(hash, at(dest))).toBe("restored");
      expect(readFileSync(at(dest), "utf8")).toBe("content");
      expect(statSync(at(dest)).mode & 0o777).toBe(0o666 & ~process.umask());
    }
    writeFileSync(at("file"), "edited");
    expect(readFileSync(at("target"), "utf8")).toBe("target");
    expect((await store.read(hash))?.toString()).toBe("content");
    expect(readdirSync(at(".")).sort()).toEqual(["directory", "file", "link", "new", "objects", "target"]);
  });

  test("a directory is stored file by file with its listing, and comes back whole", async () => {
    const { store, put, at } = rig();
    put("d/a", "1");
    put("d/sub/b", "2");
    put("d/sub/odd\n\\name", "3");
    const hashed = await store.putDirectory(at("d"));
    expect(hashed).toEqual(await hashDirectory(at("d")));
    expect(sha256((await store.read(hashed.hash)) ?? "")).toBe(hashed.hash);
    put("out", "a file stands there");
    for (let round = 0; round < 2; round++) {
      expect(await store.checkoutDirectory(hashed.hash, at("out"))).toBe("restored");
      expect(await hashDirectory(at("out"))).toEqual(hashed);
      put("out/extra", "goes when it is restored");
    }
    expect(readdirSync(at(".")).sort()).toEqual(["d", "objects", "out"]);
    mkdirSync(at("empty"));
    const none = await store.putDirectory(at("empty"));
    expect(none.hash).toBe(sha256(""));
    expect(await store.checkoutDirectory(none.hash, at("out"))).toBe("restored");
    expect(readdirSync(at("out"))).toEqual([]);
  });

  test("a file that changes while it is stored is stored under the hash of what was stored", async () => {
    const { store, put } = rig();
    const file = put("file", "0".repeat(1 << 20));
    const puts = Array.from({ length: 20 }, async (_, i) => {
      writeFileSync(file, String(i % 10).repeat(1 << 20));
      return store.putFile(file);
    });
    for (const { hash } of await Promise.all(puts)) expect(await store.verify(hash)).toBe("ok");
  });

  test("many writers of the same object agree", async () => {
    const { store, root } = rig();
    const run = await program(root, `
      import { ObjectStore } from "STORE";
      const store = new ObjectStore(process.argv[2]);
      for (let i = 0; i < 60; i++) { const { hash } = await store.putBytes("content " + (i % 7)); if (!(await store.read(hash))) throw new Error("lost"); }`);
    const codes = await Promise.all(Array.from({ length: 4 }, () => new Promise((resolve) => spawn(process.execPath, [run, store.directory], { stdio: "inherit" }).on("exit", resolve))));
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(await tally(store)).toEqual({ objects: 7, bytes: 7 * 9 });
    expect((await verifyObjects(store)).damaged).toEqual([]);
  });

  test("a name that is no hash never becomes a path", async () => {
    const { store, at } = rig();
    for (const bad of ["sha256:../../etc/passwd", "sha256:", "x", `sha256:${"A".repeat(64)}`, `sha256:${"a".repeat(64)}\n`]) {
      expect(() => store.pathOf(bad as Sha256)).toThrow(/not a hash/);
      await expect(store.checkout(bad as Sha256, at("out"))).rejects.toMatchObject({ reason: "bad-name" });
    }
  });

  test("a listing that leads outside is not followed", async () => {
    const { store, at } = rig();
    const inner = await store.putBytes("content");
    for (const path of ["../escaped", "/tmp/dag-escaped", "a/../../escaped"]) {
      const { hash } = await store.putBytes(`${inner.hash.slice(7)}  ${path}\n`);
      expect(await store.checkoutDirectory(hash, at("out"))).toBe("damaged");
    }
    expect(readdirSync(at(".")).sort()).toEqual(["objects"]);
  });
});

describe("a damaged object", () => {
  for (const [what, how] of Object.entries(damages)) {
    test(`${what}: reported once, never handed out, and healed by the next put`, async () => {
      for (const use of ["read", "checkout", "verify", "putBytes", "putFile"] as const) {
        const { store, put, found, at } = rig();
        const { hash } = await store.putBytes("content");
        put("out", "old");
        damage(store.pathOf(hash), how);
        if (use === "read") expect(await store.read(hash)).toBeUndefined();
        if (use === "verify") expect(await store.verify(hash)).toBe("damaged");
        if (use === "checkout") expect(await store.checkout(hash, at("out"))).toBe("damaged");
        if (use === "putBytes") await store.putBytes("content");
        if (use === "putFile") await store.putFile(put("again", "content"));
        expect(readFileSync(at("out"), "utf8")).toBe("old");
        if (use !== "putFile") expect(found.told).toEqual([expect.objectContaining({ reason: "damaged", path: store.pathOf(hash), message: `${store.pathOf(hash)} does not hold what its name says; it is not used` })]);
        await store.putBytes("content");
        expect((await store.read(hash))?.toString()).toBe("content");
        expect(readdirSync(at("objects")).filter((name) => name.startsWith("."))).toEqual([]);
      }
    });
  }

  test("in a directory, nothing of it is put in place", async () => {
    const { store, put, found, at } = rig();
    put("d/a", "first");
    put("d/b", "second");
    const { hash } = await store.putDirectory(at("d"));
    put("out/old", "old");
    damage(store.pathOf(sha256("second")), damages["a flipped bit"] as (path: string) => void);
    expect(await store.checkoutDirectory(hash, at("out"))).toBe("damaged");
    expect(readdirSync(at("out"))).toEqual(["old"]);
    expect(await store.checkoutDirectory(hash, at("out"))).toBe("missing");
    damage(store.pathOf(hash), damages["truncated"] as (path: string) => void);
    expect(await store.checkoutDirectory(hash, at("out"))).toBe("damaged");
    expect(found.told.length).toBe(2);
    expect(readdirSync(at(".")).sort()).toEqual(["d", "objects", "out"]);
  });

  test("verifying all says which, and removes them", async () => {
    const { store, found } = rig();
    const hashes: Sha256[] = [];
    for (let i = 0; i < 9; i++) hashes.push((await store.putBytes(`object ${i}`)).hash);
    damage(store.pathOf(hashes[4] as Sha256), damages["lengthened"] as (path: string) => void);
    expect(await verifyObjects(store)).toEqual({ ok: { objects: 8, bytes: 64 }, damaged: [{ hash: hashes[4], bytes: 9 }] });
    expect(await verifyObjects(store)).toEqual({ ok: { objects: 8, bytes: 64 }, damaged: [] });
    expect(found.reasons()).toEqual(["damaged"]);
  });
});

describe("collecting garbage", () => {
  test("what is kept stays, with the files of kept directories; a dry run frees nothing and says the same", async () => {
    const { store, put, at } = rig();
    put("d/a", "in a kept directory");
    put("d/sub/b", "in it too");
    put("e/a", "in a freed directory");
    const kept = await store.putDirectory(at("d"));
    const freed = await store.putDirectory(at("e"));
    const one = await store.putBytes("kept");
    const two = await store.putBytes("freed");
    writeFileSync(at("objects/.dag-999999-0123456789ab.tmp"), "left by a killed process");
    writeFileSync(at("objects/README"), "not ours");
    const keep = new Set([kept.hash, one.hash, sha256("never there")]);
    const dry = await collect(store, keep, { dryRun: true });
    expect((await tally(store)).objects).toBe(7);
    const real = await collect(store, keep);
    expect(real).toEqual(dry);
    expect(real.removed.map(({ hash }) => hash)).toEqual([freed.hash, sha256("in a freed directory"), two.hash].sort());
    expect(real.kept.objects).toBe(4);
    expect(real.freed).toEqual({ objects: 3, bytes: real.removed.reduce((sum, { bytes }) => sum + bytes, 0) });
    expect(real.leftovers).toEqual([".dag-999999-0123456789ab.tmp"]);
    rmSync(at("d"), { recursive: true });
    expect(await store.checkoutDirectory(kept.hash, at("d"))).toBe("restored");
    expect(await store.checkoutDirectory(freed.hash, at("e"))).toBe("missing");
    expect(existsSync(at("objects/README"))).toBe(true);
    const left: Sha256[] = [];
    for await (const { hash } of listObjects(store)) left.push(hash);
    expect(left).toEqual([kept.hash, sha256("in a kept directory"), sha256("in it too"), one.hash].sort());
  });

  test("a store that was never made is empty", async () => {
    const { store } = rig();
    expect(await collect(store, [sha256("x")])).toEqual({ kept: { objects: 0, bytes: 0 }, freed: { objects: 0, bytes: 0 }, removed: [], leftovers: [] });
  });
});

// DAG_LARGE=1 makes it a gigabyte.
const large = process.env["DAG_LARGE"] === undefined ? 1 << 27 : 1 << 30;

test("a large file is stored, checked and brought back in 64 MB of memory", async () => {
  const { root, at } = rig();
  const run = await program(root, `
    import { ObjectStore } from "STORE";
    const store = new ObjectStore(process.argv[2] + "/objects");
    const before = process.resourceUsage().maxRSS;
    const began = performance.now();
    const { hash, bytes } = await store.putFile(process.argv[2] + "/large");
    const put = performance.now();
    const state = await store.checkout(hash, process.argv[2] + "/out");
    console.log(JSON.stringify({ bytes, state, putMs: Math.round(put - began), checkoutMs: Math.round(performance.now() - put), grownMB: Math.round((process.resourceUsage().maxRSS - before) / 1024) }));`);
  execFileSync("sh", ["-c", 'head -c "$1" /dev/urandom > "$0"', at("large"), String(large)]);
  const said = JSON.parse(execFileSync(process.execPath, [run, root], { encoding: "utf8" })) as { bytes: number; state: string; grownMB: number };
  if (large === 1 << 30) console.log(said);
  expect(said).toMatchObject({ bytes: large, state: "restored" });
  expect(said.grownMB).toBeLessThan(64);
});
