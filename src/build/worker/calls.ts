import type { MessagePort } from "node:worker_threads";
import type { CallResult, Model } from "../../stage/index.ts";
import type { Sha256 } from "../../store/index.ts";
import type { Answered } from "../answered.ts";
import type { CellJob } from "../job.ts";
import type { FailureShape, FromWorker } from "../protocol.ts";
import type { Track } from "./need.ts";

/** A refused or failed model call, as the main thread told it. */
export class StageCallError extends Error {
  override name = "CallError";
  readonly call: string | undefined;
  constructor(shape: FailureShape) {
    super(shape.message);
    this.call = shape.call;
  }
}

/** The calls under way of one worker: the gateway itself lives in the main thread. */
export class CallClient {
  private readonly waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private next = 0;
  constructor(
    private readonly port: MessagePort,
    /** Told whether an answer is waited for. */
    private readonly onWaiting: (waiting: boolean) => void,
  ) {}

  answer(id: number, result: unknown): void {
    this.waiting.get(id)?.resolve(result);
    this.settled(id);
  }

  refuse(id: number, error: FailureShape): void {
    this.waiting.get(id)?.reject(new StageCallError(error));
    this.settled(id);
  }

  private settled(id: number): void {
    if (this.waiting.delete(id) && this.waiting.size === 0) this.onWaiting(false);
  }

  /** The `models` of a stage function; `track` hears the schema files that calls read, `answered` which snapshot answered for a role, and the keys of the answers. */
  models(job: CellJob, item: string | undefined, track: Track, answered?: Answered): Record<string, Model> {
    const ask = async <V>(role: string, method: "chat" | "embed" | "image", request: Record<string, unknown>): Promise<CallResult<V>> => {
      const id = this.next++;
      const reply = await new Promise<unknown>((resolve, reject) => {
        this.waiting.set(id, { resolve, reject });
        this.onWaiting(true);
        try {
          this.port.postMessage({ type: "call", id, method, role, request, ...(item === undefined ? {} : { item }) } satisfies FromWorker);
        } catch (error) {
          this.settled(id);
          reject(new Error(`models.${role}.${method}: the request cannot be sent: ${(error as Error).message}`));
        }
      });
      const { result, keys, reads } = reply as { result: CallResult<V>; keys: string[]; reads?: Record<string, Sha256> };
      for (const [label, hash] of Object.entries(reads ?? {})) track(label, hash);
      answered?.(role, result.model, keys);
      return result;
    };
    return Object.fromEntries(
      Object.entries(job.models).map(([role, { provider, model }]) => [
        role,
        {
          provider,
          model,
          chat: (request) => ask(role, "chat", request),
          embed: (texts, options) => ask(role, "embed", { texts, ...(options === undefined ? {} : { options }) }),
          image: (request) => ask(role, "image", request),
        } satisfies Model,
      ]),
    );
  }
}
