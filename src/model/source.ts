import type { ModelSpec } from "../pipeline/index.ts";
import type { Clock } from "./clock.ts";
import { Lane } from "./lane.ts";
import type { KeyedCall, WireBody } from "./key.ts";
import { usageOf } from "./outcome.ts";
import type { Fetch } from "./provider/http.ts";
import type { Provider } from "./provider/types.ts";
import { sendWithRetries } from "./retry.ts";
import { CallError } from "./types.ts";

export interface SourceOptions {
  env: Record<string, string | undefined>;
  clock: Clock;
  /** Ends waiting. */
  signal: AbortSignal;
  /** Ends what is on the wire. */
  wire: AbortSignal;
  onStatus(line: string | undefined): void;
  fetch?: Fetch;
}

/** Where answers come from: one provider per server and key, one lane per server and model. */
export class Sources {
  private readonly providers = new Map<string, Promise<Provider>>();
  private readonly lanes = new Map<string, Lane>();

  constructor(private readonly options: SourceOptions) {}

  async send(spec: ModelSpec, stage: string, kind: KeyedCall["kind"], body: WireBody, tokens: number): Promise<WireBody> {
    const provider = await this.provider(spec);
    if (provider.local) return provider.send(kind, body, this.options.wire);
    const { clock, signal, wire } = this.options;
    return sendWithRetries(
      {
        stage,
        tokens,
        send: async () => {
          const value = await provider.send(kind, body, wire);
          const { input, output } = usageOf(value);
          return { value, tokens: input + output || tokens };
        },
      },
      this.lane(spec),
      clock,
      signal,
    );
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
        return (await import("./provider/transformers.ts")).transformersProvider(spec);
      default:
        throw new CallError("request", `there is no provider "${spec.provider}"; use offline, openai (any OpenAI-compatible server, with base_url) or transformers`);
    }
  }

  private lane(spec: ModelSpec): Lane {
    const name = JSON.stringify([spec.provider, spec.base_url ?? null, spec.model]);
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      const { clock, onStatus, signal } = this.options;
      lane = new Lane(spec.model, spec.limits ?? {}, clock, onStatus, signal);
      this.lanes.set(name, lane);
    }
    return lane;
  }
}
