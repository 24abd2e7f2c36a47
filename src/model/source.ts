import type { Usage } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import type { Clock } from "./clock.ts";
import { BatchLine } from "./batch.ts";
import type { BatchStates } from "./batch-state.ts";
import { Lane } from "./lane.ts";
import type { Limits } from "./lane.ts";
import type { CallKey, KeyedCall, WireBody } from "./key.ts";
import { usageOf } from "./outcome.ts";
import type { Fetch } from "./provider/http.ts";
import { WireFailure } from "./provider/types.ts";
import type { Provider, WireReason } from "./provider/types.ts";
import { sendWithRetries } from "./retry.ts";
import type { Ledger } from "./ledger.ts";
import type { StatusBoard } from "./status.ts";
import { CallError } from "./types.ts";

/** How a request ends of which nobody can tell whether the server has answered, and bills it. */
const LOST: ReadonlySet<WireReason> = new Set(["transport", "aborted"]);

export interface SourceOptions {
  root: string;
  /** All of the pipeline: roles of one model share its way. */
  models: Readonly<Record<string, ModelSpec>>;
  env: Record<string, string | undefined>;
  clock: Clock;
  /** Ends waiting. */
  signal: AbortSignal;
  /** Ends what is on the wire. */
  wire: AbortSignal;
  status: StatusBoard;
  onWarning(line: string): void;
  ledger: Ledger;
  /** Where batches that are out are written down. */
  batches: BatchStates;
  stored(key: CallKey): Promise<boolean>;
  fetch?: Fetch;
}

/** Where answers come from: one provider per server and key, one lane per server and model. */
export class Sources {
  private readonly providers = new Map<string, Promise<Provider>>();
  /** Lanes that ended for want of money or of a good key: what waits there need not ask. */
  private readonly over = new Map<Lane, WireFailure>();
  private readonly batchLines = new Map<string, BatchLine>();
  private readonly lanes = new Map<string, Lane>();
  private readonly resting = new Map<Lane, ReturnType<StatusBoard["shared"]>>();

  constructor(private readonly options: SourceOptions) {}

  /** Sends until there is an answer. With `mode: batch` the key is the request's id in its batch. */
  async send(spec: ModelSpec, { stage, role, signal: wanted }: { stage: string; role: string; signal?: AbortSignal | undefined }, kind: KeyedCall["kind"], body: WireBody, estimate: () => Promise<Usage>, key?: CallKey): Promise<WireBody> {
    const leave = async (estimated: Usage, ask: () => Promise<WireBody>): Promise<WireBody> => {
      const settle = this.options.ledger.risk(stage, role, spec, estimated, kind === "image" ? 1 : 0);
      try {
        const response = await ask();
        settle();
        return response;
      } catch (error) {
        if (!(error instanceof WireFailure) || !LOST.has(error.reason)) settle();
        throw error;
      }
    };
    if (spec.mode === "batch" && spec.provider === "openai" && key !== undefined) return leave(await estimate(), () => this.batch(spec).send(kind, key, body));
    const provider = await this.provider(spec);
    if (provider.local) return provider.send(kind, body, this.options.wire);
    const { clock, signal, wire } = this.options;
    const lane = this.lane(spec);
    const estimated = await estimate();
    const tokens = estimated.input + estimated.output;
    return sendWithRetries(
      {
        stage,
        tokens,
        send: async () => {
          const over = this.over.get(lane);
          if (over !== undefined) throw over;
          if (wanted?.aborted === true) throw new WireFailure("aborted", "interrupted");
          const value = await leave(estimated, () => provider.send(kind, body, wire)).catch((error: unknown) => {
            if (error instanceof WireFailure && (error.reason === "quota" || error.reason === "auth")) this.over.set(lane, error);
            throw error;
          });
          const { input, output } = usageOf(value);
          return { value, tokens: input + output || tokens };
        },
        rest: ({ reason, message }, ms) => (ms < 1000 ? () => {} : this.rest(lane)(`${spec.model}: ${reason === "rate" ? "waiting for the rate limit" : `${message.slice(0, 60)}; trying again`}`, ms)),
      },
      lane,
      clock,
      signal,
    );
  }

  /** Lets go: batches whose answers are all kept are forgotten. */
  async settle(): Promise<void> {
    for (const line of this.batchLines.values()) await line.settle();
  }

  private batch(spec: ModelSpec): BatchLine {
    const name = JSON.stringify([spec.base_url ?? null, spec.api_key_env ?? null]);
    let line = this.batchLines.get(name);
    if (line === undefined) {
      const { env, clock, signal, batches: states, stored, status, onWarning, fetch } = this.options;
      line = new BatchLine({ spec, env, clock, signal, states, stored, onStatus: status.voice(), onWarning, ...(fetch === undefined ? {} : { fetch }) });
      this.batchLines.set(name, line);
    }
    return line;
  }

  private provider(spec: ModelSpec): Promise<Provider> {
    const name = JSON.stringify([spec.provider, spec.base_url ?? null, spec.api_key_env ?? null, spec.provider === "transformers" ? spec.model : null]);
    let provider = this.providers.get(name);
    if (provider === undefined) {
      provider = this.make(spec);
      this.providers.set(name, provider);
    }
    return provider;
  }

  private async make(spec: ModelSpec): Promise<Provider> {
    switch (spec.provider) {
      case "offline":
        return (await import("./provider/offline.ts")).offlineProvider();
      case "openai":
        return (await import("./provider/openai.ts")).openaiProvider(spec, this.options.env, this.options.clock, this.options.fetch);
      case "transformers":
        return (await import("./provider/transformers.ts")).transformersProvider(spec, this.options.root, this.options.env);
      default:
        throw new CallError("request", `there is no provider "${spec.provider}"; use offline, openai (any OpenAI-compatible server, with base_url) or transformers`);
    }
  }

  private rest(lane: Lane): ReturnType<StatusBoard["shared"]> {
    let rest = this.resting.get(lane);
    if (rest === undefined) this.resting.set(lane, (rest = this.options.status.shared()));
    return rest;
  }

  private lane(spec: ModelSpec): Lane {
    const name = nameOfLane(spec);
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      const { clock, status, signal, models } = this.options;
      const limits = strictest([spec, ...Object.values(models).filter((other) => nameOfLane(other) === name)].map((one) => one.limits ?? {}));
      lane = new Lane(spec.model, limits, clock, status.voice(), signal);
      this.lanes.set(name, lane);
    }
    return lane;
  }
}

const nameOfLane = ({ provider, base_url, model }: ModelSpec): string => JSON.stringify([provider, base_url ?? null, model]);

/** The least of each limit that is given. */
function strictest(all: readonly Limits[]): Limits {
  const limits: Limits = {};
  for (const name of ["rpm", "tpm", "concurrency"] as const) {
    const given = all.flatMap((one) => one[name] ?? []);
    if (given.length > 0) limits[name] = Math.min(...given);
  }
  return limits;
}
