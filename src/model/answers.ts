import { canonicalText } from "./canonical.ts";
import { damageOf, decodeAnswer, encodeEntry, requestOf } from "./entry.ts";
import type { Answer } from "./entry.ts";
import { KEY_VERSION, keyOf } from "./key.ts";
import type { CallKey, WireBody } from "./key.ts";
import { storedCall } from "./stored-call.ts";
import type { StoredCall } from "./stored-call.ts";
import { openStore } from "./store/open.ts";
import type { CallStore } from "./store/types.ts";

/** One answer as `cache ls` shows it. */
export interface AnswerInfo {
  key: CallKey;
  kind: string;
  provider: string;
  /** As asked for, and as answered. */
  model: string;
  snapshot: string;
  outcome: string;
  usage: Answer["usage"];
  asker: Answer["asker"];
  bytes: number;
}

export interface AnswerStats {
  answers: number;
  bytes: number;
  damaged: number;
  byModel: Record<string, { answers: number; usage: Answer["usage"]; outcomes: Record<string, number> }>;
}

export interface ImportReport {
  imported: number;
  /** Already there; what is stored stays. */
  present: number;
  /** 1-based lines that hold another answer than the one stored under their key, which stays: artifacts were built from it. */
  conflicts: { line: number; key: CallKey }[];
  /** 1-based lines that were not taken, and why. */
  refused: { line: number; why: string }[];
}

/** Turns a request of an older key version into one of the next. */
export type Migration = (request: WireBody) => WireBody;

/** Migrations by the version they start from. Version 1 is the first. */
const MIGRATIONS: Readonly<Record<number, Migration>> = {};

/** The answers of a project as a collection: what the `cache` verbs do with them. */
export class Answers {
  private constructor(private readonly store: CallStore) {}

  /** Opens the call store of a project root; `store` as in DAG_CACHE. Throws a CallError of kind `store`. */
  static async open(options: { root: string; store?: string; onWarning?: (line: string) => void }): Promise<Answers> {
    return new Answers(await openStore(options.root, options.store, options.onWarning));
  }

  get place(): string {
    return this.store.place;
  }

  /** One answer with its request, whole; a text where the entry is damaged, undefined where there is none. */
  async call(key: string): Promise<StoredCall | string | undefined> {
    const text = await this.store.get(key as CallKey);
    if (text === undefined) return undefined;
    const damage = damageOf(key as CallKey, text);
    if (damage !== undefined) return damage;
    const decoded = decodeAnswer(key as CallKey, text);
    return decoded.ok ? storedCall(decoded.answer, JSON.parse(requestOf(text)) as Parameters<typeof storedCall>[1]) : decoded.damage;
  }

  /** The keys under which these texts would have been embedded by the call that this is the key of; undefined where that is no embedding. */
  async embeddingKeys(key: string, texts: Iterable<string>): Promise<Map<string, CallKey> | undefined> {
    const text = await this.store.get(key as CallKey);
    if (text === undefined || damageOf(key as CallKey, text) !== undefined) return undefined;
    const request = JSON.parse(requestOf(text)) as WireBody & { body: WireBody };
    if (request["kind"] !== "embedding") return undefined;
    return new Map(Array.from(texts, (input) => [input, keyOf(canonicalText({ ...request, body: { ...request.body, input } }))]));
  }

  /** Every sound answer, sorted by key. */
  async *list(): AsyncIterable<AnswerInfo> {
    for await (const [key, text] of this.texts()) {
      const decoded = decodeAnswer(key, text);
      if (!decoded.ok) continue;
      const { kind, provider, body } = JSON.parse(requestOf(text)) as { kind: string; provider: string; body: WireBody };
      const { outcome, model: snapshot, usage, asker } = decoded.answer;
      yield { key, kind, provider, model: String(body["model"]), snapshot, outcome, usage, asker, bytes: Buffer.byteLength(text) };
    }
  }

  async stats(): Promise<AnswerStats> {
    const stats: AnswerStats = { answers: 0, bytes: 0, damaged: (await this.verify()).length, byModel: Object.create(null) as AnswerStats["byModel"] };
    for await (const { provider, model, outcome, usage, bytes } of this.list()) {
      stats.answers++;
      stats.bytes += bytes;
      const row = (stats.byModel[`${provider} ${model}`] ??= { answers: 0, usage: { input: 0, cached_input: 0, output: 0 }, outcomes: Object.create(null) as Record<string, number> });
      row.answers++;
      row.outcomes[outcome] = (row.outcomes[outcome] ?? 0) + 1;
      row.usage.input += usage.input;
      row.usage.cached_input += usage.cached_input;
      row.usage.output += usage.output;
    }
    return stats;
  }

  /** Every damaged entry with what is wrong; checksum, key and request are checked. */
  async verify(): Promise<{ key: CallKey; damage: string }[]> {
    const damaged: { key: CallKey; damage: string }[] = [];
    for await (const [key, text] of this.texts()) {
      const damage = damageOf(key, text);
      if (damage !== undefined) damaged.push({ key, damage });
    }
    return damaged;
  }

  /**
   * Lines of JSON sorted by key, each with `\n`: `{"answer":…,"key":…,"request":…}`. The same answers are the same bytes. Damaged entries are
   * left out. `keep` chooses by key; without `times` nobody sees when an answer was bought.
   */
  async *export({ keep = () => true, times = true }: { keep?: (key: CallKey) => boolean; times?: boolean } = {}): AsyncIterable<string> {
    for await (const [key, text] of this.texts()) {
      if (!keep(key) || damageOf(key, text) !== undefined) continue;
      // Both parts are stored as canonical JSON: no need to parse them.
      const whole = text.slice(text.indexOf("\n") + 1, text.length - requestOf(text).length - 1);
      const answer = times ? whole : canonicalText({ ...(JSON.parse(whole) as Answer), times: { sent: 0, answered: 0 } });
      yield `{"answer":${answer},"key":"${key}","request":${requestOf(text)}}\n`;
    }
  }

  /** Takes lines that `export` wrote; each is checked, one that is stored already stays as it is, so exports merge in any order. */
  async import(lines: AsyncIterable<string> | Iterable<string>): Promise<ImportReport> {
    const report: ImportReport = { imported: 0, present: 0, conflicts: [], refused: [] };
    let number = 0;
    // What is on its way to the store, by key: a later line of the same key must see it.
    let writing = new Map<CallKey, string>();
    let written: Promise<void>[] = [];
    for await (const line of lines) {
      number++;
      if (line.trim() === "") continue;
      const entry = parseLine(line);
      if (typeof entry === "string") {
        report.refused.push({ line: number, why: entry });
        continue;
      }
      const stored = writing.get(entry.key) ?? (await this.store.get(entry.key));
      if (stored !== undefined && damageOf(entry.key, stored) === undefined) {
        if (saidBy(entry.key, stored) === saidBy(entry.key, entry.text)) report.present++;
        else report.conflicts.push({ line: number, key: entry.key });
        continue;
      }
      writing.set(entry.key, entry.text);
      written.push(this.store.set(entry.key, entry.text));
      report.imported++;
      if (written.length >= 500) {
        await Promise.all(written);
        written = [];
        writing = new Map();
      }
    }
    await Promise.all(written);
    return report;
  }

  /** Removes the answers `remove` names; returns how many. */
  async remove(remove: (key: CallKey) => boolean): Promise<number> {
    const keys: CallKey[] = [];
    for await (const key of this.store.keys()) if (remove(key)) keys.push(key);
    for (const key of keys) await this.store.delete(key);
    return keys.length;
  }

  /** Gives answers kept under an older key version their key of today. Buys nothing; what is under its new key already stays. */
  async migrate(migrations: Readonly<Record<number, Migration>> = MIGRATIONS): Promise<{ migrated: number; unknown: number }> {
    const report = { migrated: 0, unknown: 0 };
    for await (const [key, text] of this.texts()) {
      const decoded = decodeAnswer(key, text);
      if (!decoded.ok) continue;
      let request = JSON.parse(requestOf(text)) as WireBody;
      if (request["v"] === KEY_VERSION) continue;
      for (let step = migrations[Number(request["v"])]; step !== undefined && request["v"] !== KEY_VERSION; step = migrations[Number(request["v"])]) request = step(request);
      if (request["v"] !== KEY_VERSION) {
        report.unknown++;
        continue;
      }
      const renewed = canonicalText(request);
      const newKey = keyOf(renewed);
      if ((await this.store.get(newKey)) === undefined) await this.store.set(newKey, encodeEntry({ answer: { ...decoded.answer, key: newKey }, request: renewed }));
      await this.store.delete(key);
      report.migrated++;
    }
    return report;
  }

  close(): Promise<void> {
    return this.store.close();
  }

  private async *texts(): AsyncIterable<[CallKey, string]> {
    for await (const key of this.store.keys()) {
      const text = await this.store.get(key);
      if (text !== undefined) yield [key, text];
    }
  }
}

/** What an entry's answer says, whoever asked for it and when. */
function saidBy(key: CallKey, text: string): string | undefined {
  const decoded = decodeAnswer(key, text);
  return decoded.ok ? canonicalText([decoded.answer.outcome, decoded.answer.model, decoded.answer.response]) : undefined;
}

/** The entry of an export's line, or why it is none. */
function parseLine(line: string): { key: CallKey; text: string } | string {
  let value: { answer: Answer; key: CallKey; request: unknown };
  try {
    value = JSON.parse(line) as typeof value;
    if (typeof value.answer !== "object" || typeof value.request !== "object") return "it is no exported answer";
    const request = canonicalText(value.request);
    const { key, outcome, model, usage, response } = value.answer;
    if (key !== value.key || typeof outcome !== "string" || typeof model !== "string" || typeof usage !== "object" || typeof response !== "object") return "its answer is incomplete";
    if (keyOf(request) !== value.key) return "its request is not the one of its key";
    return { key: value.key, text: encodeEntry({ answer: value.answer, request }) };
  } catch (error) {
    return (error as Error).message;
  }
}
