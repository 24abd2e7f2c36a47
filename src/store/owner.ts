import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who holds a lease, as written in its file. */
export interface Owner {
  pid: number;
  host: string;
  /** Tells machines of one name apart, where the system has an id for itself. */
  machine: string;
  /** Of this boot of the machine (Linux). */
  boot: string;
  /** The process-id namespace (Linux): pids of another container say nothing here. */
  space: string;
  /** Clock ticks from boot to the start of the process (Linux): tells apart two processes that had one pid. */
  start: string;
  /** What it is doing, for messages. */
  command: string;
  /** Milliseconds since 1970. */
  since: number;
  token: string;
}

/** Alive, dead, or on another host (or in another container) where this process cannot look. */
export type Standing = "alive" | "dead" | "elsewhere";

const FIELDS = ["host", "machine", "boot", "space", "start", "command", "token"] as const;

/** This process as an owner. */
export function thisOwner(command: string): Owner {
  return { pid: process.pid, ...here(), start: startOf(process.pid)?.start ?? "", command, since: Date.now(), token: randomBytes(8).toString("hex") };
}

let place: Pick<Owner, "host" | "machine" | "boot" | "space"> | undefined;

function here(): Pick<Owner, "host" | "machine" | "boot" | "space"> {
  place ??= {
    host: hostname(),
    machine: createHash("sha256").update(`daguerre ${text("/etc/machine-id")}`).digest("hex").slice(0, 16),
    boot: text("/proc/sys/kernel/random/boot_id"),
    space: link("/proc/self/ns/pid"),
  };
  return place;
}

/** Whether an owner still runs. */
export function standing(owner: Owner): Standing {
  const mine = here();
  // An equal boot id is the same running kernel, whatever the host calls itself by now or in another container.
  if (owner.boot !== mine.boot || mine.boot === "") {
    if (owner.host !== mine.host || owner.machine !== mine.machine) return "elsewhere";
    if (owner.boot !== mine.boot) return "dead";
  }
  if (owner.space !== mine.space) return "elsewhere";
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "dead";
  }
  const found = startOf(owner.pid);
  if (!found) return "alive";
  // A zombie only waits for its parent to notice; but while it has other threads, one of them may still finish a write.
  if ((found.state === "Z" || found.state === "X") && threadsOf(owner.pid) <= 1) return "dead";
  return owner.start !== "" && found.start !== owner.start ? "dead" : "alive";
}

/** Reads what thisOwner's JSON says; undefined for anything else. */
export function parseOwner(json: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null) return undefined;
    const record = value as Record<string, unknown>;
    if (!Number.isSafeInteger(record["pid"]) || (record["pid"] as number) < 1 || typeof record["since"] !== "number") return undefined;
    if (!FIELDS.every((name) => typeof record[name] === "string")) return undefined;
    return /^[0-9a-f]{16}$/.test(record["token"] as string) ? (value as Owner) : undefined;
  } catch {
    return undefined;
  }
}

/** Fields 3 (state) and 22 (start time) of /proc/<pid>/stat, proc(5); undefined where there is no such file. */
function startOf(pid: number): { state: string; start: string } | undefined {
  const stat = text(`/proc/${pid}/stat`);
  // The command in field 2 may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return stat === "" ? undefined : { state: fields[0] ?? "", start: fields[19] ?? "" };
}

function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
