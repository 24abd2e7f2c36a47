import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A real server on loopback with a directory of its own. */
export interface StoreServer {
  /** As DAG_CACHE takes it, with a password. */
  url: string;
  port: number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export const PASSWORD = "hunter22-of-the-store";

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function find(name: string, more: readonly string[] = []): string | undefined {
  return [...(process.env["PATH"] ?? "").split(delimiter), ...more].map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The server's program, or why its tests skip. */
export const redis = program(find("redis-server") ?? find("valkey-server"), "redis-server");
export const postgres = program(find("initdb", postgresFolders()), "postgresql");

function program(path: string | undefined, name: string): { path: string; absent?: undefined } | { path?: undefined; absent: string } {
  return path === undefined ? { absent: `${name} is not installed` } : { path };
}

function postgresFolders(): string[] {
  const root = "/usr/lib/postgresql";
  return existsSync(root) ? readdirSync(root).sort().reverse().map((version) => join(root, version, "bin")) : [];
}

export async function startRedis(): Promise<StoreServer> {
  const port = await freePort();
  const server = spawn(redis.path as string, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", PASSWORD], { cwd: tmpdir(), stdio: "ignore" });
  return started(server, port, `redis://:${PASSWORD}@127.0.0.1:${port}`, () => {});
}

/** Postgres refuses to run as root: then it runs as the user its package made, else as nobody. */
export async function startPostgres(): Promise<StoreServer> {
  const user = process.getuid?.() === 0 ? (userOf("postgres") ?? userOf("nobody")) : undefined;
  // A temporary directory of root's own is closed to other users.
  const folder = mkdtempSync(join(user === undefined ? tmpdir() : "/tmp", "dag-postgres-"));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const secret = join(folder, "password");
  writeFileSync(secret, PASSWORD, { mode: 0o644 });
  const as = { ...user, cwd: folder, env: { ...process.env, HOME: folder } };
  execFileSync(postgres.path as string, ["-D", data, "-U", "dag", "--auth=scram-sha-256", `--pwfile=${secret}`, "--no-sync", "--encoding=UTF8", "--locale=C"], { ...as, stdio: "ignore" });
  const port = await freePort();
  const server = spawn(join(postgres.path as string, "..", "postgres"), ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", "", "-c", "fsync=off"], { ...as, stdio: "ignore" });
  return started(server, port, `postgres://dag:${PASSWORD}@127.0.0.1:${port}/postgres`, () => rmSync(folder, { recursive: true, force: true }));
}

function userOf(name: string): { uid: number; gid: number } | undefined {
  const fields = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":")).find(([user]) => user === name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

async function started(server: ChildProcess, port: number, url: string, clear: () => void): Promise<StoreServer> {
  let ended = false;
  const end = new Promise<void>((resolve) => {
    server.on("exit", () => {
      ended = true;
      resolve();
    });
  });
  // Postgres: the immediate shutdown, which takes its children along.
  const kill = async (): Promise<void> => {
    if (!ended) server.kill(url.startsWith("postgres") ? "SIGQUIT" : "SIGKILL");
    await end;
  };
  while (!(await listens(port))) {
    if (ended) throw new Error(`the server of ${url.slice(0, url.indexOf(":"))} ended at its start`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return {
    url,
    port,
    kill,
    async stop() {
      await kill();
      clear();
    },
  };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.end();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
