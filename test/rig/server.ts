/**
 * A scripted OpenAI-compatible server on loopback.
 *
 *   const server = await startServer();              // base_url: server.url
 *   server.script(rateLimited(90), reset(), say("hi")); // the next three requests; afterwards `server.otherwise`
 *   server.otherwise = (seen) => say(`number ${seen.number}`);
 *   expect(server.requests).toHaveLength(3);         // every request, with path, headers and body
 *   await server.close();
 *
 * Without a script it answers as the offline simulator does: chat (with structured output), embeddings, images.
 * A reply may be a value, a function of the request, or a promise: `held()` gives a reply that waits until the test says so.
 */
import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answer } from "../../src/offline/index.ts";

export interface Seen {
  /** 1 for the first request. */
  number: number;
  path: string;
  headers: IncomingHttpHeaders;
  // Tests look into bodies freely.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is. Without it, the simulator's answer. */
  body?: unknown;
  /** Cuts the connection instead of answering; `half` after the first bytes of the body. */
  reset?: boolean | "half";
  delayMs?: number;
}
export type Script = Reply | Promise<Reply> | ((seen: Seen) => Reply | Promise<Reply>);

export interface RigServer {
  /** With /v1, as base_url. */
  url: string;
  requests: Seen[];
  script(...replies: Script[]): void;
  otherwise: Script;
  close(): Promise<void>;
}

export async function startServer(otherwise: Script = {}): Promise<RigServer> {
  const scripted: Script[] = [];
  const requests: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const seen: Seen = { number: requests.length + 1, path: request.url ?? "", headers: request.headers, body: parsed(text) };
      requests.push(seen);
      void respond(seen, scripted.shift() ?? rig.otherwise, response);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const rig: RigServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    script: (...replies) => void scripted.push(...replies),
    otherwise,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
  return rig;
}

/** The JSON of a body, or its text where it is none (an upload). */
function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

async function respond(seen: Seen, script: Script, response: ServerResponse): Promise<void> {
  const reply = await (typeof script === "function" ? script(seen) : script);
  if (reply.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, reply.delayMs));
  if (reply.reset === true) {
    response.socket?.resetAndDestroy();
    return;
  }
  const body = reply.body ?? (await simulated(seen));
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...(reply.reset === "half" ? { "content-length": String(Buffer.byteLength(text)) } : {}), ...reply.headers });
  if (reply.reset === "half") {
    response.write(text.slice(0, text.length / 2), () => response.socket?.resetAndDestroy());
    return;
  }
  response.end(text);
}

function simulated({ path, body }: Seen): Promise<unknown> {
  return answer(path.endsWith("/embeddings") ? "embedding" : path.includes("/images/") ? "image" : "chat", body);
}

/** A completion with this text. */
export function say(content: string, more: { model?: string; finish_reason?: string; refusal?: string | null; usage?: object } = {}): Reply {
  return {
    body: {
      id: "chatcmpl-rig", object: "chat.completion", created: 0, model: more.model ?? "rig-2026-01-01",
      choices: [{ index: 0, message: { role: "assistant", content, refusal: more.refusal ?? null }, finish_reason: more.finish_reason ?? "stop" }],
      usage: more.usage ?? { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_tokens_details: { cached_tokens: 0 } },
    },
  };
}
export const sayJson = (value: unknown): Reply => say(JSON.stringify(value));
export const refused = (): Reply => say("", { refusal: "I cannot help with that." });
export const truncated = (text = "{\"name\": \"Ad"): Reply => say(text, { finish_reason: "length" });
export const filtered = (): Reply => say("", { finish_reason: "content_filter" });
export const failed = (status: number, message = `status ${status}`, code: string | null = null, headers: Record<string, string> = {}): Reply => ({ status, headers, body: { error: { message, type: "error", param: null, code } } });
export const rateLimited = (seconds?: number): Reply => failed(429, "Rate limit reached", "rate_limit_exceeded", seconds === undefined ? {} : { "retry-after": String(seconds) });
export const outOfQuota = (): Reply => failed(429, "You exceeded your current quota", "insufficient_quota");
export const errorIn200 = (message = "upstream is down", code = 502): Reply => ({ body: { error: { message, code } } });
export const reset = (): Reply => ({ reset: true });
export const cutOff = (): Reply => ({ reset: "half" });

/** A reply that waits for `release`; `asked` resolves when the request is there. */
export function held(reply: Reply = {}): { script: Script; release(): void; asked: Promise<Seen> } {
  let release = (): void => {};
  let arrived = (_seen: Seen): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  const asked = new Promise<Seen>((resolve) => (arrived = resolve));
  return {
    script: async (seen) => {
      arrived(seen);
      await gate;
      return reply;
    },
    release: () => release(),
    asked,
  };
}
