import { answer } from "./answer.ts";
import { isObject, WireError } from "./wire.ts";
import type { WireObject } from "./wire.ts";

const KINDS: Record<string, "chat" | "embedding" | "image"> = { "/v1/chat/completions": "chat", "/v1/embeddings": "embedding", "/v1/images/generations": "image" };

/** The kind of request an endpoint takes, or undefined. */
export function kindOf(path: string): "chat" | "embedding" | "image" | undefined {
  return Object.hasOwn(KINDS, path) ? KINDS[path] : undefined;
}

interface StoredFile {
  object: WireObject;
  bytes: Buffer;
}

/** Files and batches of the loopback server, in memory. A batch is worked on in the background, a few lines a turn. */
export class Batches {
  private readonly files = new Map<string, StoredFile>();
  private readonly batches = new Map<string, WireObject>();
  private count = 0;

  /** `delayMs` per line. */
  constructor(private readonly delayMs = 0) {}

  private id(kind: string): string {
    return `${kind}-offline${String(++this.count).padStart(6, "0")}`;
  }

  addFile(bytes: Buffer, filename: string, purpose: string): WireObject {
    const id = this.id("file");
    const object = { id, object: "file", bytes: bytes.length, created_at: 0, filename, purpose, status: "processed" };
    this.files.set(id, { object, bytes });
    return object;
  }

  file(id: string): StoredFile {
    const file = this.files.get(id);
    if (file === undefined) throw new WireError(404, `No such file: ${id}`, { code: "not_found" });
    return file;
  }

  removeFile(id: string): WireObject {
    this.file(id);
    this.files.delete(id);
    return { id, object: "file", deleted: true };
  }

  create(body: WireObject): WireObject {
    const { input_file_id: input, endpoint } = body;
    if (typeof endpoint !== "string" || kindOf(endpoint) === undefined) throw new WireError(400, "'endpoint' must be /v1/chat/completions, /v1/embeddings or /v1/images/generations", { param: "endpoint" });
    const lines = this.file(String(input)).bytes.toString("utf8").split("\n").filter((line) => line.trim() !== "");
    const id = this.id("batch");
    const batch: WireObject = {
      id, object: "batch", endpoint, errors: null, input_file_id: String(input), completion_window: body["completion_window"] ?? "24h", status: "in_progress", output_file_id: null, error_file_id: null, created_at: 0,
      request_counts: { total: lines.length, completed: 0, failed: 0 }, metadata: body["metadata"] ?? null,
    };
    this.batches.set(id, batch);
    void this.work(batch, lines);
    return { ...batch, status: "validating" };
  }

  list(): WireObject {
    return { object: "list", data: [...this.batches.values()].reverse(), has_more: false };
  }

  batch(id: string): WireObject {
    const batch = this.batches.get(id);
    if (batch === undefined) throw new WireError(404, `No such batch: ${id}`, { code: "not_found" });
    return batch;
  }

  cancel(id: string): WireObject {
    const batch = this.batch(id);
    if (batch["status"] !== "in_progress") throw new WireError(409, `Cannot cancel a batch that is ${String(batch["status"])}`);
    batch["status"] = "cancelling";
    return batch;
  }

  private async work(batch: WireObject, lines: string[]): Promise<void> {
    const output: string[] = [];
    const errors: string[] = [];
    const counts = batch["request_counts"] as { completed: number; failed: number };
    for (const [i, line] of lines.entries()) {
      if (this.delayMs > 0 || i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
      if (batch["status"] === "cancelling") break;
      const { ok, text } = await answerLine(line, i, String(batch["endpoint"]));
      (ok ? output : errors).push(text);
      if (ok) counts.completed++;
      else counts.failed++;
    }
    const file = (text: string[], name: string): string | null => (text.length === 0 ? null : String(this.addFile(Buffer.from(`${text.join("\n")}\n`), name, "batch_output")["id"]));
    batch["output_file_id"] = file(output, "output.jsonl");
    batch["error_file_id"] = file(errors, "error.jsonl");
    batch["status"] = batch["status"] === "cancelling" ? "cancelled" : "completed";
  }
}

async function answerLine(line: string, number: number, endpoint: string): Promise<{ ok: boolean; text: string }> {
  let id: string | null = null;
  const reply = (status: number, body: WireObject): { ok: boolean; text: string } => ({
    ok: status < 400,
    text: JSON.stringify({ id: `batch_req_${number}`, custom_id: id, response: { status_code: status, request_id: `req_${number}`, body }, error: null }),
  });
  try {
    const request: unknown = JSON.parse(line);
    if (!isObject(request) || typeof request["custom_id"] !== "string" || !isObject(request["body"])) throw new WireError(400, "a line needs custom_id and body");
    id = request["custom_id"];
    const kind = kindOf(String(request["url"]));
    if (kind === undefined || request["url"] !== endpoint) throw new WireError(400, `the line's url is not the batch's endpoint ${endpoint}`);
    return reply(200, await answer(kind, request["body"]));
  } catch (error) {
    return error instanceof WireError ? reply(error.status, error.body()) : reply(400, new WireError(400, (error as Error).message).body());
  }
}
