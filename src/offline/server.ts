import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answer } from "./answer.ts";
import { Batches, kindOf } from "./batches.ts";
import { fates, spoiled } from "./misbehave.ts";
import type { Misbehaviour } from "./misbehave.ts";
import { isObject, WireError } from "./wire.ts";
import type { WireObject } from "./wire.ts";

export interface ServeOptions {
  /** 0 takes a free port. */
  port?: number;
  misbehave?: Misbehaviour;
  /** Milliseconds a line of a batch takes. */
  batchDelay?: number;
}

export interface OfflineServer {
  /** To be given as base_url: `http://127.0.0.1:<port>/v1`. */
  url: string;
  /** Requests so far. */
  requests(): number;
  close(): Promise<void>;
}

const MODELS = ["writer-1", "reader-1", "skimmer-1", "embedder-1", "portrait-1"];
const MOST_BYTES = 200 * 2 ** 20;

/**
 * The simulator on loopback, for any OpenAI client: chat.completions (also streamed), embeddings, images/generations, models, files and batches. Any key and any
 * model name will do. Rejects where the port is taken.
 */
export async function serve(options: ServeOptions = {}): Promise<OfflineServer> {
  const { misbehave = {} } = options;
  const nextFate = fates(misbehave);
  const batches = new Batches(options.batchDelay);
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof WireError) send(response, error.status, error.body());
      else send(response, 400, new WireError(400, error instanceof Error ? error.message : String(error)).body());
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await read(request);
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const kind = request.method === "POST" ? kindOf(pathname) : undefined;
    if (kind === undefined) {
      await other(request, pathname, bytes, response);
      return;
    }
    const fate = nextFate();
    if (misbehave.latency !== undefined) await delay(misbehave.latency);
    if (fate === "reset") {
      response.socket?.resetAndDestroy();
      return;
    }
    if (fate === "limited") {
      send(response, 429, new WireError(429, "Rate limit reached", { code: "rate_limit_exceeded" }).body(), misbehave.retryAfter === undefined ? {} : { "retry-after": String(misbehave.retryAfter) });
      return;
    }
    if (fate === "broken") {
      send(response, 503, new WireError(503, "The server is overloaded").body());
      return;
    }
    const body = parse(bytes);
    const whole = spoiled(kind === "chat" ? await choices(body) : await answer(kind, body), fate);
    if (kind === "chat" && body["stream"] === true) await stream(response, whole, body, misbehave.stream ?? 0);
    else send(response, 200, whole);
  }

  async function other(request: IncomingMessage, path: string, bytes: Buffer, response: ServerResponse): Promise<void> {
    const [, , collection, id, action] = path.split("/");
    const route = `${request.method} ${collection ?? ""}${id === undefined ? "" : "/:id"}${action === undefined ? "" : `/${action}`}`;
    switch (route) {
      case "GET models":
        send(response, 200, { object: "list", data: MODELS.map((model) => ({ id: model, object: "model", created: 0, owned_by: "daguerre" })) });
        return;
      case "POST files": {
        const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": request.headers["content-type"] ?? "" } }).formData();
        const file = form.get("file");
        if (file === null || typeof file === "string") throw new WireError(400, "'file' is missing", { param: "file" });
        const purpose = form.get("purpose");
        send(response, 200, batches.addFile(Buffer.from(await file.arrayBuffer()), file.name, typeof purpose === "string" ? purpose : "batch"));
        return;
      }
      case "GET files/:id":
        send(response, 200, batches.file(id as string).object);
        return;
      case "DELETE files/:id":
        send(response, 200, batches.removeFile(id as string));
        return;
      case "GET files/:id/content":
        response.writeHead(200, { "content-type": "application/octet-stream" }).end(batches.file(id as string).bytes);
        return;
      case "POST batches":
        send(response, 200, batches.create(parse(bytes)));
        return;
      case "GET batches":
        send(response, 200, batches.list());
        return;
      case "GET batches/:id":
        send(response, 200, batches.batch(id as string));
        return;
      case "POST batches/:id/cancel":
        send(response, 200, batches.cancel(id as string));
        return;
      default:
        throw new WireError(404, `Unknown request: ${request.method ?? ""} ${path}`);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: () => requests,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MOST_BYTES) throw new WireError(413, "the request is too large");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): WireObject {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new WireError(400, "the body is not JSON");
  }
  if (!isObject(body)) throw new WireError(400, "the body is no JSON object");
  return body;
}

function send(response: ServerResponse, status: number, body: WireObject, headers: Record<string, string> = {}): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)), ...headers }).end(text);
}

/** `n` answers to one request: one stream of chance each. */
async function choices(body: WireObject): Promise<WireObject> {
  const { n, stream: _, stream_options: __, ...one } = body;
  const first = await answer("chat", one);
  if (typeof n !== "number" || n <= 1) return first;
  const all = first["choices"] as WireObject[];
  for (let index = 1; index < Math.min(n, 128); index++) {
    const [choice] = (await answer("chat", { ...one, n: index }))["choices"] as WireObject[];
    all.push({ ...choice, index });
  }
  return first;
}

/** A completion as server-sent events, a few characters each. */
async function stream(response: ServerResponse, whole: WireObject, body: WireObject, pauseMs: number): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const { choices: all, usage, ...common } = whole;
  const event = (delta: WireObject, index: number, reason: string | null): string => `data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", choices: [{ index, delta, finish_reason: reason }] })}\n\n`;
  for (const choice of all as WireObject[]) {
    const index = choice["index"] as number;
    const { content, refusal } = choice["message"] as WireObject;
    response.write(event({ role: "assistant", content: "", ...(typeof refusal === "string" ? { refusal } : {}) }, index, null));
    for (const piece of typeof content === "string" ? content.match(/[\s\S]{1,24}/gu) ?? [] : []) {
      if (pauseMs > 0) await delay(pauseMs);
      response.write(event({ content: piece }, index, null));
    }
    response.write(event({}, index, choice["finish_reason"] as string));
  }
  if (isObject(body["stream_options"]) && body["stream_options"]["include_usage"] === true) response.write(`data: ${JSON.stringify({ ...common, object: "chat.completion.chunk", choices: [], usage })}\n\n`);
  response.end("data: [DONE]\n\n");
}
