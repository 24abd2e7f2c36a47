import { randomUUID } from "node:crypto";
import type { CallKey } from "../key.ts";
import { withoutCredentials } from "../url.ts";
import { cleanly, storePackage } from "./adapter.ts";
import { CLAIM_MS, RENEW_MS } from "./claim.ts";
import { overKeyv } from "./keyv.ts";
import type { CallStore, Claims, TextStore } from "./types.ts";

/** What we use of `pg`. */
interface Pool {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: "error", listener: () => void): unknown;
}
type Constructor = new (options: { connectionString: string; connectionTimeoutMillis: number; max: number; application_name: string }) => Pool;

// Unlogged: claims mean nothing after a crash of the server. The order of keys is that of bytes, whatever the database's locale.
const TABLES = {
  daguerre_calls: `CREATE TABLE IF NOT EXISTS daguerre_calls (key text COLLATE "C" PRIMARY KEY, value text NOT NULL)`,
  daguerre_claims: `CREATE UNLOGGED TABLE IF NOT EXISTS daguerre_claims (key text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL)`,
};
/** Two that make a table at once: the later one finds it. */
const MADE_MEANWHILE = new Set(["23505", "42P07"]);

/** Keys listed at a time. */
const PORTION = 1000;

/**
 * A store in Postgres by URL: tables daguerre_calls and daguerre_claims. A Keyv adapter of its own over `pg`: that of Keyv ends a listing silently where
 * a query fails, shares one pool between all stores of a process, and lets a restarted server end the process.
 */
export async function openPostgres(url: string, root: string): Promise<CallStore> {
  const module = await storePackage("pg", url, root);
  const { Pool: make } = (module["Pool"] === undefined ? module["default"] : module) as { Pool: Constructor };
  const pool = await cleanly(url, () => Promise.resolve(new make({ connectionString: url, connectionTimeoutMillis: 5000, max: 10, application_name: "daguerre" })));
  // A connection that breaks while idle is replaced; a query that needs one says what is wrong.
  pool.on("error", () => {});
  const database = new Database(pool, url);
  const place = withoutCredentials(url);
  return overKeyv(new PostgresStore(database, place), new PostgresClaims(database), place);
}

/** Queries of one pool, once its tables are there. */
class Database {
  private ready: Promise<void> | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly url: string,
  ) {}

  query(sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    return cleanly(this.url, async () => {
      await (this.ready ??= this.make());
      return (await this.pool.query(sql, values)).rows;
    });
  }

  end(): Promise<void> {
    return cleanly(this.url, () => this.pool.end());
  }

  private async make(): Promise<void> {
    for (const [name, sql] of Object.entries(TABLES)) {
      // Looked for first: who may use a table need not be one who may make it.
      const { rows } = await this.pool.query("SELECT to_regclass($1) IS NOT NULL AS there", [name]);
      if (rows[0]?.["there"] === true) continue;
      await this.pool.query(sql).catch((error: unknown) => {
        if (!MADE_MEANWHILE.has(String((error as { code?: unknown }).code))) throw error;
      });
    }
  }
}

class PostgresStore implements TextStore {
  readonly opts: { url: string; dialect: string };

  constructor(
    private readonly database: Database,
    place: string,
  ) {
    this.opts = { url: place, dialect: "postgres" };
  }

  async get(key: string): Promise<string | undefined> {
    const [row] = await this.database.query("SELECT value FROM daguerre_calls WHERE key = $1", [key]);
    return row?.["value"] as string | undefined;
  }

  async set(key: string, value: string): Promise<boolean> {
    await this.database.query("INSERT INTO daguerre_calls (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [key, value]);
    return true;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.database.query("DELETE FROM daguerre_calls WHERE key = $1 RETURNING key", [key])).length > 0;
  }

  async clear(): Promise<void> {
    await this.database.query("DELETE FROM daguerre_calls", []);
  }

  disconnect(): Promise<void> {
    return this.database.end();
  }

  on(): this {
    return this;
  }

  async *keys(): AsyncIterable<string> {
    for (let after = ""; ; ) {
      const rows = await this.database.query(`SELECT key FROM daguerre_calls WHERE key COLLATE "C" > $1 ORDER BY key COLLATE "C" LIMIT ${PORTION}`, [after]);
      for (const { key } of rows) yield key as string;
      if (rows.length < PORTION) return;
      after = rows[rows.length - 1]?.["key"] as string;
    }
  }
}

// One statement: the row is locked while it is judged, so two cannot both find it free.
const TAKE = `
  INSERT INTO daguerre_claims AS claim (key, holder, until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')
  ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE claim.holder = excluded.holder OR claim.until <= clock_timestamp()
  RETURNING key`;

/** Claims as rows with a time by the server's clock, which is moved on while they are held. */
class PostgresClaims implements Claims {
  private readonly mine: string = randomUUID();
  private readonly held = new Set<CallKey>();
  private renewal: NodeJS.Timeout | undefined;

  constructor(private readonly database: Database) {}

  async take(key: CallKey): Promise<boolean> {
    if ((await this.database.query(TAKE, [key, this.mine, CLAIM_MS])).length === 0) return false;
    this.held.add(key);
    this.renewal ??= setInterval(() => void this.renew().catch(() => {}), RENEW_MS).unref();
    return true;
  }

  async drop(key: CallKey): Promise<void> {
    this.held.delete(key);
    await this.database.query("DELETE FROM daguerre_claims WHERE key = $1 AND holder = $2", [key, this.mine]);
  }

  close(): Promise<void> {
    clearInterval(this.renewal);
    return Promise.resolve();
  }

  private async renew(): Promise<void> {
    if (this.held.size > 0) await this.database.query("UPDATE daguerre_claims SET until = clock_timestamp() + $2 * interval '1 ms' WHERE holder = $1", [this.mine, CLAIM_MS]);
  }
}
