import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { CallError } from "../model/index.ts";
import type { Caller, CallFailureKind, Gateway } from "../model/index.ts";
import type { ChatRequest, ImageRequest, Json } from "../stage/index.ts";
import { isInside, sha256 } from "../store/index.ts";
import type { Sha256 } from "../store/index.ts";
import type { CallReply } from "./protocol.ts";
import type { CallMessage } from "./pool.ts";

const FATAL: ReadonlySet<CallFailureKind> = new Set(["frozen", "budget", "quota", "auth", "store"]);

interface SchemaFile {
  name: string;
  schema: { [key: string]: Json };
  label: string;
  hash: Sha256;
}

export interface DeskHooks {
  /** Told of the first call that ends the whole run: refused by --frozen or the budget, no quota, a key that is not taken, a store that takes no answer. */
  onFatal?: (error: CallError, caller: Caller) => void;
  /** Told of every schema file that a call names, there or not. */
  onRead?: (path: string) => void;
}

/** Answers the calls of stage workers: opens the gateway at the first one, reads the schema files that calls name. */
export class CallDesk {
  private gateway: Promise<Gateway> | undefined;
  private readonly schemas = new Map<string, Promise<SchemaFile>>();
  constructor(
    private readonly root: string,
    private readonly open: () => Promise<Gateway>,
    private readonly hooks: DeskHooks = {},
  ) {}

  /** The gateway, if any call has been made. */
  async opened(): Promise<Gateway | undefined> {
    return this.gateway?.catch(() => undefined);
  }

  async answer(message: CallMessage, caller: Caller): Promise<CallReply> {
    for (let again = false; ; again = true) {
      try {
        return await this.ask(message, caller);
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        // Asked for together with a cell that has been ended: this one still wants it.
        if (!again && error.kind === "aborted" && caller.signal?.aborted === false) continue;
        if (FATAL.has(error.kind)) this.hooks.onFatal?.(error, caller);
        throw error;
      }
    }
  }

  private async ask(message: CallMessage, asking: Caller): Promise<CallReply> {
    const gateway = await (this.gateway ??= this.open());
    const { role, request } = message;
    const keys: string[] = [];
    const caller: Caller = { ...asking, heard: (key) => void keys.push(key) };
    switch (message.method) {
      case "chat": {
        const chat = request as ChatRequest;
        if (typeof chat.schema !== "string") {
          const schema = chat.schema === undefined ? {} : { schema: { name: typeof chat.schema["title"] === "string" ? nameOf(chat.schema["title"]) : "answer", schema: chat.schema } };
          return { result: (await gateway.chat({ role, request: chat, ...schema }, caller)) as unknown as Json, keys };
        }
        const file = await this.schema(chat.schema);
        const result = await gateway.chat({ role, request: chat, schema: { name: file.name, schema: file.schema } }, caller);
        return { result: result as unknown as Json, keys, reads: { [file.label]: file.hash } };
      }
      case "embed": {
        const { texts, options } = request as { texts: string[]; options?: { scope?: string } };
        return { result: (await gateway.embed({ role, texts, ...(options === undefined ? {} : { options }) }, caller)) as unknown as Json, keys };
      }
      case "image":
        return { result: (await gateway.image({ role, request: request as ImageRequest }, caller)) as unknown as Json, keys };
      default:
        return message.method satisfies never;
    }
  }

  /** Calls of one cell so far. */
  async calls(cell: string): Promise<{ made: number; stored: number; cost: number }> {
    return (await this.opened())?.calls(cell) ?? { made: 0, stored: 0, cost: 0 };
  }

  async close(): Promise<void> {
    await (await this.opened())?.close();
  }

  private schema(path: string): Promise<SchemaFile> {
    let known = this.schemas.get(path);
    if (known === undefined) {
      this.hooks.onRead?.(path);
      known = this.readSchema(path);
      this.schemas.set(path, known);
    }
    return known;
  }

  private async readSchema(path: string): Promise<SchemaFile> {
    if (!isInside(path)) throw new CallError("request", `schema ${JSON.stringify(path)}: give a path inside the project`);
    let text: string;
    try {
      text = await readFile(resolve(this.root, path), "utf8");
    } catch {
      throw new CallError("request", `schema ${path}: no such file`);
    }
    try {
      return { name: nameOf(basename(path).replace(/(?:\.schema)?\.json$/, "")), schema: JSON.parse(text) as { [key: string]: Json }, label: `reads.${path}`, hash: sha256(text) };
    } catch (error) {
      throw new CallError("request", `schema ${path}: not JSON: ${(error as Error).message}`);
    }
  }
}

/** The wire allows letters, digits, `_` and `-`, at most 64. */
const nameOf = (text: string): string => text.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64);
