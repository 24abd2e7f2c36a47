import { randomUUID } from "node:crypto";
import type { CallKey } from "../key.ts";
import { withoutCredentials } from "../url.ts";
import { cleanly, storePackage } from "./adapter.ts";
import { CLAIM_MS, RENEW_MS } from "./claim.ts";
import { overKeyv } from "./keyv.ts";
import type { CallStore, Claims, TextStore } from "./types.ts";

/** What we use of the client below the Keyv adapter. */
interface Client {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  set(key: string, value: string, options: { PX: number }): Promise<unknown>;
  scanIterator(options: { MATCH: string; COUNT: number }): AsyncIterable<string[]>;
}

/** What we use of @keyv/redis. */
interface Adapter {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  delete(key: string): Promise<boolean>;
  clear(): Promise<void>;
  disconnect(): Promise<unknown>;
  getClient(): Promise<Client>;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
}
type Constructor = new (first: unknown, options: object) => Adapter;

/** A store in Redis or Valkey by URL. */
export async function openRedis(url: string, root: string): Promise<CallStore> {
  const exported = (await storePackage("@keyv/redis", url, root))["default"] as Constructor | { default: Constructor };
  const Redis = typeof exported === "function" ? exported : exported.default;
  const place = withoutCredentials(url);
  const adapter = await cleanly(url, () =>
    Promise.resolve(new Redis({ url: url.replace(/^valkey/, "redis"), socket: { connectTimeout: 5000, reconnectStrategy: false } }, { useUnlink: true, noNamespaceAffectsAll: true, throwOnConnectError: true, throwOnErrors: true, connectionTimeout: 5000 })),
  );
  // Failures reach the caller through the rejected promise.
  adapter.on("error", () => {});
  return overKeyv(new RedisStore(adapter, url, place), new RedisClaims(adapter, url), place);
}

class RedisStore implements TextStore {
  readonly opts: { url: string; dialect: string };

  constructor(
    private readonly adapter: Adapter,
    private readonly url: string,
    place: string,
  ) {
    this.opts = { url: place, dialect: "redis" };
  }

  async get(key: string): Promise<string | undefined> {
    const value = await cleanly(this.url, () => this.adapter.get(key));
    return typeof value === "string" ? value : undefined;
  }

  async set(key: string, value: string): Promise<boolean> {
    await cleanly(this.url, () => this.adapter.set(key, value));
    return true;
  }

  delete(key: string): Promise<boolean> {
    return cleanly(this.url, () => this.adapter.delete(key));
  }

  clear(): Promise<void> {
    return cleanly(this.url, () => this.adapter.clear());
  }

  async disconnect(): Promise<void> {
    await cleanly(this.url, () => this.adapter.disconnect());
  }

  on(): this {
    return this;
  }

  async *keys(): AsyncIterable<string> {
    // A scan may tell a key twice.
    const keys = await cleanly(this.url, async () => {
      const found = new Set<string>();
      for await (const some of (await this.adapter.getClient()).scanIterator({ MATCH: "sha256:*", COUNT: 1000 })) for (const key of some) found.add(key);
      return found;
    });
    yield* [...keys].filter((key) => /^sha256:[0-9a-f]{64}$/.test(key)).sort();
  }
}

const ALIVE = "daguerre:alive:";

// One step of the server: nobody comes between looking and taking. A claim stands while its holder's sign of life does.
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and redis.call('EXISTS', '${ALIVE}' .. holder) == 1 then return 0 end
redis.call('SET', '${ALIVE}' .. ARGV[1], '1', 'PX', ARGV[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1`;
const DROP = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** Only so that claims of the dead do not lie there for ever. */
const FORGET_MS = 7 * 24 * 3600_000;

/** Claims by one script on the server. Each process has one sign of life there, which it renews while it holds any; the server's clock counts. */
class RedisClaims implements Claims {
  private readonly mine: string = randomUUID();
  private readonly held = new Set<CallKey>();
  private renewal: NodeJS.Timeout | undefined;

  constructor(
    private readonly adapter: Adapter,
    private readonly url: string,
  ) {}

  async take(key: CallKey): Promise<boolean> {
    const taken = await cleanly(this.url, async () => (await this.adapter.getClient()).eval(TAKE, { keys: [nameOf(key)], arguments: [this.mine, String(CLAIM_MS), String(FORGET_MS)] }));
    if (Number(taken) !== 1) return false;
    this.held.add(key);
    this.renewal ??= setInterval(() => void this.renew().catch(() => {}), RENEW_MS).unref();
    return true;
  }

  async drop(key: CallKey): Promise<void> {
    this.held.delete(key);
    await cleanly(this.url, async () => (await this.adapter.getClient()).eval(DROP, { keys: [nameOf(key)], arguments: [this.mine] }));
  }

  close(): Promise<void> {
    clearInterval(this.renewal);
    return Promise.resolve();
  }

  private async renew(): Promise<void> {
    if (this.held.size > 0) await (await this.adapter.getClient()).set(`${ALIVE}${this.mine}`, "1", { PX: CLAIM_MS });
  }
}

const nameOf = (key: CallKey): string => `daguerre:claim:${key}`;
