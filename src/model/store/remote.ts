import { hash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { thisOwner } from "../../store/index.ts";
import type { CallKey } from "../key.ts";
import { optionalPackage } from "../optional.ts";
import { CallError } from "../types.ts";
import { withoutCredentials } from "../url.ts";
import { overKeyv } from "./keyv.ts";
import type { CallStore, Claims, TextStore } from "./types.ts";

/** What we use of a Keyv adapter package. */
interface Adapter {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ttl?: number): Promise<unknown>;
  delete(key: string): Promise<boolean>;
  clear(): Promise<void>;
  disconnect(): Promise<void>;
  iterator(namespace?: string): AsyncGenerator<[string, unknown], void>;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
}

const CLAIM_MS = 30_000;
const SETTLE_MS = 25;

/** A team's store by URL. The adapter package is an optional peer: where it is missing, the error says what to install. */
export async function openRemote(url: string, root: string): Promise<CallStore> {
  const place = withoutCredentials(url);
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1] ?? "";
  let adapter: Adapter;
  if (scheme === "redis" || scheme === "rediss" || scheme === "valkey") {
    const make = await adapterClass("@keyv/redis", place, root);
    adapter = new make({ url: url.replace(/^valkey:/, "redis:"), socket: { connectTimeout: 5000, reconnectStrategy: false } }, { useUnlink: true, noNamespaceAffectsAll: true, throwOnConnectError: true, throwOnErrors: true, connectionTimeout: 5000 });
  } else if (scheme === "postgres" || scheme === "postgresql") {
    const make = await adapterClass("@keyv/postgres", place, root);
    adapter = new make({ uri: url, table: "daguerre_calls", connectionTimeoutMillis: 5000 });
  } else {
    throw new CallError("store", `DAG_CACHE=${place} names no store; use redis://, rediss://, valkey://, postgres:// or file:<directory>, or unset it for the embedded one`);
  }
  // Failures reach the caller through the rejected promise.
  adapter.on("error", () => {});
  return overKeyv(new RemoteStore(adapter, place), new RemoteClaims(adapter), place);
}

type Constructor = new (first: unknown, options?: object) => Adapter;

async function adapterClass(name: string, place: string, root: string): Promise<Constructor> {
  const module = await optionalPackage(name, root);
  if (module === undefined) throw new CallError("store", `DAG_CACHE=${place} needs the package ${name}; install it in the project: npm install ${name}`);
  const exported = module["default"] as Constructor | { default: Constructor };
  return typeof exported === "function" ? exported : exported.default;
}

class RemoteStore implements TextStore {
  readonly opts: { url: string; dialect: string };
  private readonly adapter: Adapter;

  constructor(adapter: Adapter, place: string) {
    this.adapter = adapter;
    this.opts = { url: place, dialect: "remote" };
  }

  async get(key: string): Promise<string | undefined> {
    const value = await this.adapter.get(key);
    return typeof value === "string" ? value : undefined;
  }

  async set(key: string, value: string): Promise<boolean> {
    await this.adapter.set(key, value);
    return true;
  }

  delete(key: string): Promise<boolean> {
    return this.adapter.delete(key);
  }

  clear(): Promise<void> {
    return this.adapter.clear();
  }

  disconnect(): Promise<void> {
    return this.adapter.disconnect();
  }

  on(): this {
    return this;
  }

  async *keys(): AsyncIterable<string> {
    const keys: string[] = [];
    for await (const [key] of this.adapter.iterator()) if (/^sha256:[0-9a-f]{64}$/.test(key)) keys.push(key);
    yield* keys.sort();
  }
}

/** Claims with a time to live, renewed while held: write where there is none, wait a moment, and see whose it is. */
class RemoteClaims implements Claims {
  private readonly adapter: Adapter;
  private readonly mine = hash("sha256", JSON.stringify(thisOwner("buying answers")), "hex");
  private readonly renewals = new Map<string, NodeJS.Timeout>();

  constructor(adapter: Adapter) {
    this.adapter = adapter;
  }

  async take(key: CallKey): Promise<boolean> {
    const name = `claim:${key}`;
    const holder = await this.holder(name);
    if (holder !== undefined && holder !== this.mine) return false;
    await this.write(name);
    await delay(SETTLE_MS);
    if ((await this.holder(name)) !== this.mine) return false;
    const renewal = setInterval(() => void this.write(name).catch(() => {}), CLAIM_MS / 3);
    renewal.unref();
    this.renewals.set(key, renewal);
    return true;
  }

  async drop(key: CallKey): Promise<void> {
    clearInterval(this.renewals.get(key));
    this.renewals.delete(key);
    if ((await this.holder(`claim:${key}`)) === this.mine) await this.adapter.delete(`claim:${key}`);
  }

  private async write(name: string): Promise<void> {
    await this.adapter.set(name, `${this.mine} ${Date.now() + CLAIM_MS}`, CLAIM_MS);
  }

  // The time is in the value too: a table in Postgres does not forget by itself.
  private async holder(name: string): Promise<string | undefined> {
    const value = await this.adapter.get(name);
    const [holder, until] = typeof value === "string" ? value.split(" ") : [];
    return holder !== undefined && Number(until) > Date.now() ? holder : undefined;
  }
}
