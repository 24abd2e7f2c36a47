import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { acquire, ownerOf, standing, thisOwner, type Owner, type Waited } from "../src/store/index.ts";
import { program, temporary } from "./store.rig.ts";

/** Takes the lease, says so, and holds it until told to let go (or be killed). */
const HOLDER = `
  import { acquire } from "STORE";
  const lease = await acquire(process.argv[2], { command: "hold" });
  process.stdout.write("held\\n");
  process.stdin.once("data", async () => { await lease.release(); process.exit(0); });
  process.stdin.resume();`;

/**
 * Takes the lease again and again; inside, an abstract socket is bound, which the kernel gives to one process only and frees at its death. It kills
 * itself before or after any step on the file system, inside, or ends without releasing. Exit 7: two were inside at once.
 */
const TORTURED = `
  import { acquire } from "STORE";
  import fs from "node:fs";
  import fsp from "node:fs/promises";
  import { syncBuiltinESMExports } from "node:module";
  import net from "node:net";
  const [, , file, inside, seed, risk] = process.argv;
  let state = Number(seed) >>> 0;
  const random = () => { state = (state + 0x6d2b79f5) >>> 0; let t = Math.imul(state ^ (state >>> 15), state | 1); t ^= t + Math.imul(t ^ (t >>> 7), t | 61); return ((t ^ (t >>> 14)) >>> 0) / 4294967296; };
  const maybeDie = () => { if (random() < Number(risk)) process.kill(process.pid, "SIGKILL"); };
  for (const name of ["link", "rename", "writeFile", "rm"]) {
    const real = fsp[name];
    fsp[name] = async (...args) => { maybeDie(); const result = await real(...args); maybeDie(); return result; };
  }
  const unlink = fs.unlinkSync;
  fs.unlinkSync = (path) => { maybeDie(); unlink(path); maybeDie(); };
  syncBuiltinESMExports();
  for (;;) {
    const lease = await acquire(file, { command: "torture" });
    const server = net.createServer();
    await new Promise((resolve) => server.once("error", () => { fs.writeSync(2, "two inside\\n"); process.exit(7); }).listen("\\0" + inside, resolve));
    await new Promise((resolve) => setTimeout(resolve, random() * 2));
    maybeDie();
    if (random() < Number(risk)) process.exit(3);
    fs.appendFileSync(file + ".log", "x");
    await new Promise((resolve) => server.close(resolve));
    await lease.release();
  }`;

let shared: string;
let holder: string;
let tortured: string;

beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), "dag-lease-"));
  mkdirSync(join(shared, "h"));
  mkdirSync(join(shared, "t"));
  holder = await program(join(shared, "h"), HOLDER);
  tortured = await program(join(shared, "t"), TORTURED);
});

afterAll(() => rmSync(shared, { recursive: true, force: true }));

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function hold(file: string): Promise<ChildProcess> {
  const child = start(holder, file);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`the holder ended with ${code}`)));
  });
  return child;
}

const ended = (child: ChildProcess): Promise<number | string | null> => (child.exitCode ?? child.signalCode) !== null ? Promise.resolve(child.exitCode ?? child.signalCode) : new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));

function forge(file: string, changes: Partial<Owner>): Owner {
  const owner = { ...thisOwner("forged"), ...changes };
  writeFileSync(file, JSON.stringify(owner));
  return owner;
}

describe("a lease", () => {
  test("one holds, the next waits, is told for whom and since when, and comes after the release", async () => {
    const file = join(temporary(), "state/lease");
    const child = await hold(file);
    expect(ownerOf(file)).toMatchObject({ pid: child.pid, host: hostname(), command: "hold" });
    const told: [Waited, number][] = [];
    let mine = false;
    const waiting = acquire(file, { command: "wait", onWait: (owner, since) => void told.push([owner, since]) }).then((lease) => ((mine = true), lease));
    await sleep(250);
    expect(mine).toBe(false);
    expect(told.length).toBe(1);
    expect(told[0]?.[0]).toMatchObject({ pid: child.pid, command: "hold", judged: true, file });
    expect(told[0]?.[1]).toBeGreaterThanOrEqual(0);
    expect(told[0]?.[1]).toBeLessThan(60_000);
    child.stdin?.write("x");
    const lease = await waiting;
    expect(ownerOf(file)?.token).toBe(lease.owner.token);
    await lease.release();
    await lease.release();
    expect(ownerOf(file)).toBeUndefined();
    expect(readdirSync(join(file, ".."))).toEqual([]);
  });

  test("two in one process exclude each other too", async () => {
    const file = join(temporary(), "lease");
    let inside = 0;
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const lease = await acquire(file);
        expect(++inside).toBe(1);
        await sleep(3);
        inside--;
        await lease.release();
      }),
    );
  });

  test("a killed owner's lease is taken over at once", async () => {
    const file = join(temporary(), "lease");
    const child = await hold(file);
    const waiting = acquire(file, { command: "next" });
    await sleep(100);
    child.kill("SIGKILL");
    await ended(child);
    const began = performance.now();
    const lease = await waiting;
    expect(performance.now() - began).toBeLessThan(3000);
    await lease.release();
    expect(readdirSync(join(file, ".."))).toEqual([]);
  });

  test("an owner that ended but was not reaped by its parent is dead", async () => {
    const file = join(temporary(), "lease");
    // The shell becomes sleep, which never asks for its children; the pipe stays open, so the holder does not end by itself.
    const shell = spawn("sh", ["-c", '"$0" "$1" "$2" <&3 3<&- & exec sleep 60', process.execPath, holder, file], { stdio: ["ignore", "ignore", "inherit", "pipe"] });
    onTestFinished(() => void shell.kill("SIGKILL"));
    while (ownerOf(file) === undefined) await sleep(10);
    const owner = ownerOf(file) as Owner;
    process.kill(owner.pid, "SIGKILL");
    const lease = await acquire(file, { signal: AbortSignal.timeout(20_000) });
    expect(existsSync(`/proc/${owner.pid}/stat`) ? readFileSync(`/proc/${owner.pid}/stat`, "utf8") : ") Z").toContain(") Z");
    await lease.release();
  });

  test("a stopped owner is alive, however long it sleeps", async () => {
    const file = join(temporary(), "lease");
    const child = await hold(file);
    child.kill("SIGSTOP");
    await expect(acquire(file, { signal: AbortSignal.timeout(1200) })).rejects.toMatchObject({ reason: "aborted" });
    child.kill("SIGCONT");
    child.stdin?.write("x");
    await (await acquire(file)).release();
  });

  test("a pid that another process has now, and a boot that is over, are dead", async () => {
    const file = join(temporary(), "lease");
    for (const changes of [{ start: "1" }, { boot: "another" }, { pid: 2 ** 22 + 5 }]) {
      forge(file, changes);
      expect(ownerOf(file)).toBeUndefined();
      const began = performance.now();
      await (await acquire(file)).release();
      expect(performance.now() - began).toBeLessThan(3000);
    }
  });

  test("an owner on another host, or in another container, is waited for and said to be beyond judgement", async () => {
    const file = join(temporary(), "lease");
    for (const changes of [{ host: "elsewhere", boot: "other" }, { machine: "0000", boot: "other" }, { space: "pid:[1]" }]) {
      const owner = forge(file, { ...changes, pid: 2 ** 22 + 5 });
      expect(standing(owner)).toBe("elsewhere");
      const told: Waited[] = [];
      await expect(acquire(file, { signal: AbortSignal.timeout(200), onWait: (waited) => void told.push(waited) })).rejects.toMatchObject({ reason: "aborted" });
      expect(told.map(({ judged }) => judged)).toEqual([false]);
      expect(ownerOf(file)?.token).toBe(owner.token);
    }
    rmSync(file);
    await (await acquire(file)).release();
  });

  test("a host that changed its name since boot is still this host", () => {
    expect(standing({ ...thisOwner("x"), host: "renamed" })).toBe(process.platform === "linux" ? "alive" : "elsewhere");
  });

  test("garbage in the file is a dead owner's after a moment, not before", async () => {
    const file = join(temporary(), "lease");
    for (const bytes of ["", "{", "null", '{"pid":1}', JSON.stringify({ ...thisOwner("x"), token: "../../x" }), "\0".repeat(200)]) {
      writeFileSync(file, bytes);
      const began = performance.now();
      const leases = Promise.all([0, 1, 2].map(async () => (await acquire(file)).release()));
      await leases;
      expect(performance.now() - began).toBeGreaterThan(450);
      expect(performance.now() - began).toBeLessThan(20_000);
    }
  });

  test("releasing does not take away what belongs to somebody else by now", async () => {
    const file = join(temporary(), "lease");
    const lease = await acquire(file);
    const other = forge(file, {});
    await lease.release();
    expect(ownerOf(file)?.token).toBe(other.token);
  });

  test("a directory in its place, or a place that cannot be written, is an error", async () => {
    const made = temporary();
    mkdirSync(join(made, "lease"));
    await expect(acquire(join(made, "lease"))).rejects.toMatchObject({ reason: "not-a-file" });
    writeFileSync(join(made, "file"), "");
    await expect(acquire(join(made, "file/lease"))).rejects.toMatchObject({ reason: "not-a-directory" });
  });

  test("what it writes names no path and no machine id", async () => {
    const file = join(temporary(), "lease");
    const lease = await acquire(file, { command: "dag run" });
    const text = readFileSync(file, "utf8");
    if (existsSync("/etc/machine-id") && readFileSync("/etc/machine-id", "utf8").trim() !== "") expect(text).not.toContain(readFileSync("/etc/machine-id", "utf8").trim());
    expect(text).not.toContain(createHash("sha256").update(process.cwd()).digest("hex").slice(0, 8));
    expect(text).not.toContain(process.cwd());
    await lease.release();
  });
});

// DAG_TORTURE multiplies the rounds.
const rounds = 250 * Number(process.env["DAG_TORTURE"] ?? 1);

test("eight processes that die at any step are never two inside and never stuck", { timeout: 120_000 * Number(process.env["DAG_TORTURE"] ?? 1) }, async () => {
  const made = temporary();
  const file = join(made, "lease");
  const log = `${file}.log`;
  const done = () => (existsSync(log) ? readFileSync(log).length : 0);
  const inside = `dag-${process.pid}-${made.slice(-6)}`;
  let seed = 1;
  let deaths = 0;
  const failures: unknown[] = [];
  const running = new Map<ChildProcess, boolean>();
  const launch = (): void => {
    const child = start(tortured, file, inside, String(seed++), "0.01");
    running.set(child, true);
    child.once("exit", (code, signal) => {
      running.delete(child);
      if (signal === "SIGKILL" || code === 3) deaths++;
      else failures.push(code ?? signal);
      if (done() < rounds && failures.length === 0) launch();
    });
  };
  for (let i = 0; i < 8; i++) launch();
  let last = { at: performance.now(), done: 0 };
  while (done() < rounds && failures.length === 0) {
    await sleep(50);
    if (done() > last.done) last = { at: performance.now(), done: done() };
    if (performance.now() - last.at > 30_000) failures.push(`stuck after ${last.done} turns: ${readdirSync(made).join(" ")}`);
  }
  for (const child of running.keys()) child.kill("SIGKILL");
  await Promise.all([...running.keys()].map(ended));
  expect(failures).toEqual([]);
  expect(deaths).toBeGreaterThan(rounds / 50);
  // All are dead now; the next one simply takes it.
  await (await acquire(file, { signal: AbortSignal.timeout(20_000) })).release();
  if (rounds > 250) console.log({ turns: done(), deaths, seconds: Math.round(performance.now() / 1000) });
});
