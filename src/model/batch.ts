import type { ModelSpec } from "../pipeline/index.ts";
import type { Batch } from "openai/resources/batches";
import { digestOf } from "./batch-state.ts";
import type { BatchState, BatchStates } from "./batch-state.ts";
import type { Clock } from "./clock.ts";
import type { CallKey, KeyedCall, WireBody } from "./key.ts";
import type { Fetch } from "./provider/http.ts";
import { apiKeyOf, connectionWords, DEFAULT_BASE_URL, DEFAULT_KEY_ENV, keepingClient, PATHS } from "./provider/openai.ts";
import { scrub } from "./provider/secret.ts";
import { WireFailure } from "./provider/types.ts";
import { failureIn, failureOf } from "./provider/wire-error.ts";
import { backoffMs, MOST_TRIES } from "./retry.ts";
import { withoutCredentials } from "./url.ts";

export interface BatchOptions {
  spec: ModelSpec;
  env: Record<string, string | undefined>;
  clock: Clock;
  signal: AbortSignal;
  states: BatchStates;
  /** True where the answer is kept already. */
  stored(key: CallKey): Promise<boolean>;
  onStatus(line: string | undefined): void;
  onWarning(line: string): void;
  fetch?: Fetch;
}

interface Wanted {
  key: CallKey;
  kind: KeyedCall["kind"];
  body: WireBody;
  tries: number;
  resolve(response: WireBody): void;
  reject(error: unknown): void;
}

/** A batch is sent when no further call has come for so long. */
const QUIET_MS = 500;
const FIRST_POLL_MS = 5_000;
const LONGEST_POLL_MS = 60_000;
/** The Batch API's bound is 50,000 lines and 200 MB. */
const MOST_LINES = 50_000;
const MOST_BYTES = 190_000_000;
const ENDED = new Set(["completed", "failed", "expired", "cancelled"]);

/**
 * One server's Batch API. Calls gather until none comes for a moment, go out as one file of lines whose custom id is the key, and come back hours
 * later. What is out is written down first, so that the next run waits for it instead of paying twice.
 *
 *   wanted ─► gathered ─► state written ─► file, batch ─► polled ─► result by key
 *                ▲            found again after a restart ──┘  expired, 429, 5xx: gathered again
 */
export class BatchLine {
  private gathered: Wanted[] = [];
  /** Keys out in a batch, and who waits for them. */
  private readonly out = new Map<CallKey, Wanted | undefined>();
  /** Results of a batch of an earlier run that nobody has asked for yet. */
  private readonly early = new Map<CallKey, WireBody | WireFailure>();
  private readonly sent = new Set<BatchState>();
  private readonly ended = new Set<BatchState>();
  private readonly answered = new Set<CallKey>();
  private recovered: Promise<void> | undefined;
  private arrivals = 0;
  private client: Awaited<ReturnType<typeof keepingClient>> | undefined;

  private readonly server: ReturnType<typeof serverOf>;

  constructor(private readonly options: BatchOptions) {
    this.server = serverOf(options.spec);
    options.signal.addEventListener("abort", () => {
      for (const one of [...this.gathered, ...this.out.values()]) one?.reject(new WireFailure("aborted", "interrupted"));
      this.gathered = [];
    }, { once: true });
  }

  async send(kind: KeyedCall["kind"], key: CallKey, body: WireBody): Promise<WireBody> {
    await (this.recovered ??= this.recover());
    const early = this.early.get(key);
    this.early.delete(key);
    if (early instanceof WireFailure) throw early;
    if (early !== undefined) return early;
    return new Promise((resolve, reject) => {
      const wanted: Wanted = { key, kind, body, tries: 0, resolve, reject };
      if (this.out.has(key)) this.out.set(key, wanted);
      else this.gather(wanted);
    });
  }

  /** Forgets the batches whose answers are all kept, and says which are still out. */
  async settle(): Promise<void> {
    for (const state of this.sent) {
      // What an ended batch did not answer is asked for again, in another.
      const due = this.ended.has(state) ? state.keys.filter((key) => this.answered.has(key)) : state.keys;
      const kept = await Promise.all(due.map((key) => this.options.stored(key)));
      if (kept.every(Boolean)) await this.options.states.remove(state);
      else if (!this.ended.has(state)) this.options.onWarning(`batch ${state.id ?? "(not sent yet)"} with ${state.keys.length} ${state.keys.length === 1 ? "call" : "calls"} is still out; the next run takes its answers, \`dag cache batches --cancel\` cancels it`);
    }
  }

  private gather(wanted: Wanted): void {
    this.gathered.push(wanted);
    const arrival = ++this.arrivals;
    if (this.gathered.length >= MOST_LINES) this.flush();
    else void this.options.clock.sleep(QUIET_MS, this.options.signal).then(() => {
      if (arrival === this.arrivals) this.flush();
    });
  }

  private flush(): void {
    const gathered = this.gathered;
    this.gathered = [];
    for (const kind of ["chat", "embedding", "image"] as const) {
      const lines = gathered.filter((wanted) => wanted.kind === kind).map((wanted) => ({ wanted, text: `${JSON.stringify({ custom_id: wanted.key, method: "POST", url: `/v1${PATHS[kind]}`, body: wanted.body })}\n` }));
      while (lines.length > 0) {
        let bytes = 0;
        const until = lines.findIndex(({ text }, i) => i >= MOST_LINES || (bytes += Buffer.byteLength(text)) > MOST_BYTES);
        const part = lines.splice(0, until < 1 ? lines.length : until);
        void this.submit(`/v1${PATHS[kind]}`, part.map(({ wanted }) => wanted), part.map(({ text }) => text).join("")).catch((error: unknown) => {
          for (const { wanted } of part) {
            this.out.delete(wanted.key);
            wanted.reject(error);
          }
        });
      }
    }
  }

  private async submit(endpoint: string, wanted: Wanted[], text: string): Promise<void> {
    const { states } = this.options;
    const keys = wanted.map(({ key }) => key);
    const state: BatchState = { version: 1, ...this.server, endpoint, digest: digestOf(keys), keys };
    for (const one of wanted) this.out.set(one.key, one);
    await states.write(state);
    const { toFile } = await import("openai");
    const file = await this.ask(async (client) => client.files.create({ file: await toFile(Buffer.from(text), "calls.jsonl"), purpose: "batch" }));
    const batch = await this.ask(async (client, tries) => {
      // A try that broke off may have made it: a second batch would be paid twice.
      const made = tries > 1 ? (await client.batches.list({ limit: 100 })).data.find(({ input_file_id }) => input_file_id === file.id) : undefined;
      return made ?? client.batches.create({ input_file_id: file.id, endpoint: endpoint as "/v1/chat/completions", completion_window: "24h", metadata: { daguerre: state.digest } });
    });
    state.id = batch.id;
    await states.write(state);
    await this.collect(state);
  }

  /** Takes up the batches an earlier run left out at this server. */
  private async recover(): Promise<void> {
    const { states } = this.options;
    for (const state of await states.list()) {
      if (state.base_url !== this.server.base_url || state.api_key_env !== this.server.api_key_env) continue;
      const missing: CallKey[] = [];
      for (const key of state.keys) if (!(await this.options.stored(key))) missing.push(key);
      if (missing.length > 0 && state.id === undefined) {
        // Ended between sending it and writing its id down.
        const recent = await this.ask((client) => client.batches.list({ limit: 100 }));
        const found = recent.data.find(({ metadata }) => metadata?.["daguerre"] === state.digest);
        if (found !== undefined) state.id = found.id;
      }
      if (missing.length === 0 || state.id === undefined) {
        await states.remove(state);
        continue;
      }
      for (const key of missing) this.out.set(key, undefined);
      this.collect(state).catch((error: unknown) => {
        for (const key of missing) this.give(key, error instanceof WireFailure ? error : new WireFailure("transport", String(error)));
      });
    }
  }

  /** Polls until the batch has ended, then gives out its results. */
  private async collect(state: BatchState): Promise<void> {
    const { clock, signal, spec, onStatus } = this.options;
    this.sent.add(state);
    let batch: Batch;
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(LONGEST_POLL_MS, wait * 1.5)) {
      batch = await this.ask((client) => client.batches.retrieve(state.id as string));
      if (ENDED.has(batch.status)) break;
      onStatus(`${spec.model}: batch ${batch.id}: ${batch.request_counts?.completed ?? 0} of ${state.keys.length} answers; it may take a day, an interrupted run takes it up again`);
      await clock.sleep(wait, signal);
      if (signal.aborted) return;
    }
    onStatus(undefined);
    const files = [batch.output_file_id, batch.error_file_id].filter((id) => typeof id === "string");
    const texts = await Promise.all(files.map((id) => this.ask(async (client) => (await client.files.content(id)).text()))).catch((error: unknown) => {
      // Files that are gone stay so; others the next run reads.
      if (error instanceof WireFailure && error.reason === "request") this.ended.add(state);
      throw error;
    });
    this.ended.add(state);
    for (const line of texts.flatMap((text) => text.split("\n"))) {
      if (line.trim() === "") continue;
      try {
        this.take(line);
      } catch (error) {
        this.options.onWarning(`a line of the results of batch ${batch.id} cannot be read: ${String(error)}`);
      }
    }
    const words = batch.errors?.data?.map(({ message }) => message).join("; ");
    for (const key of state.keys) {
      if (!this.out.has(key)) continue;
      // Expired: what came in time is taken, the rest is asked for again.
      if (batch.status === "expired") this.again(key, new WireFailure("server", "the batch expired"));
      else this.give(key, new WireFailure("request", `batch ${batch.id} ${batch.status} without this answer${words === undefined ? "" : `: ${words}`}`));
    }
  }

  private take(line: string): void {
    const { custom_id: key, response, error } = JSON.parse(line) as { custom_id: CallKey; response: { status_code: number; body: WireBody } | null; error: { code?: string; message?: string } | null };
    const clean = (text: string): string => scrub(text, []);
    const status = response?.status_code;
    if (response !== null && status === 200) {
      const failure = failureIn(response.body, this.options.clock.now(), clean);
      if (failure === undefined) return this.give(key, response.body);
    }
    const said = (response?.body["error"] ?? error ?? {}) as { code?: string; type?: string; param?: string; message?: string };
    const failure = failureOf({ status: status === 200 ? undefined : status, code: said.code, type: said.type, param: said.param, message: said.message ?? "no answer", header: () => null }, this.options.clock.now(), clean);
    if (failure.reason === "rate" || failure.reason === "server") this.again(key, failure);
    else this.give(key, failure);
  }

  /** Asks again in another batch: now, or where nobody has asked yet, when somebody does. */
  private again(key: CallKey, failure: WireFailure): void {
    const wanted = this.out.get(key);
    this.out.delete(key);
    if (wanted === undefined) return;
    wanted.tries++;
    if (wanted.tries >= MOST_TRIES) wanted.reject(failure);
    else this.gather(wanted);
  }

  private give(key: CallKey, result: WireBody | WireFailure): void {
    if (!this.out.has(key)) return;
    if (!(result instanceof WireFailure)) this.answered.add(key);
    const wanted = this.out.get(key);
    this.out.delete(key);
    if (wanted === undefined) this.early.set(key, result);
    else if (result instanceof WireFailure) wanted.reject(result);
    else wanted.resolve(result);
  }

  /** Asks the server, again where it is for a moment not there. */
  private async ask<T>(what: (client: NonNullable<BatchLine["client"]>, tries: number) => Promise<T>): Promise<T> {
    const { spec, env, clock, signal } = this.options;
    const { APIError, APIConnectionError } = await import("openai");
    const key = apiKeyOf(spec, env);
    this.client ??= await keepingClient(spec, key, this.options.fetch);
    for (let tries = 1; ; tries++) {
      try {
        return await what(this.client, tries);
      } catch (error) {
        if (!(error instanceof APIError)) throw error;
        const failure =
          error instanceof APIConnectionError
            ? new WireFailure("transport", scrub(connectionWords(error), [key]))
            : failureOf({ status: error.status as number | undefined, code: error.code, type: error.type, param: error.param, message: error.message, header: (name) => (error.headers as Headers | undefined)?.get(name) }, clock.now(), (text) => scrub(text, [key]));
        if (signal.aborted) throw new WireFailure("aborted", "interrupted");
        if (!["rate", "server", "transport"].includes(failure.reason) || (failure.reason !== "rate" && tries >= MOST_TRIES)) throw failure;
        await clock.sleep(failure.retryAfterMs ?? backoffMs(tries, clock.random()), signal);
      }
    }
  }
}

/** A model's server as states name it: no user or password of its address. */
function serverOf(spec: ModelSpec): { base_url: string; api_key_env: string } {
  return { base_url: withoutCredentials(spec.base_url ?? DEFAULT_BASE_URL), api_key_env: spec.api_key_env ?? DEFAULT_KEY_ENV };
}

/** Cancels every batch that is out at the servers of these models; what was answered meanwhile can still be taken by a run. Returns the ids. */
export async function cancelBatches(states: BatchStates, models: readonly ModelSpec[], env: Record<string, string | undefined>, fetch?: Fetch): Promise<string[]> {
  const cancelled: string[] = [];
  for (const { id, base_url, api_key_env } of await states.list()) {
    const spec = models.find((model) => serverOf(model).base_url === base_url && serverOf(model).api_key_env === api_key_env);
    if (id === undefined || spec === undefined) continue;
    const client = await keepingClient(spec, apiKeyOf(spec, env), fetch);
    const batch = await client.batches.retrieve(id);
    if (ENDED.has(batch.status) || batch.status === "cancelling") continue;
    await client.batches.cancel(id);
    cancelled.push(id);
  }
  return cancelled;
}
