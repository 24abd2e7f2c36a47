import type { Files, Json } from "daguerre";
import { isObject } from "./person.ts";
import { strings } from "./taxonomy.ts";

/** Everyday matter for sessions, from the seeds. Alternatives in brackets are still open. */
export interface Topic { id: string; subject: string; situation: string; question: string; views: string[] }
export interface Request { id: string; subject: string; request: string; answer: string; followups: [string, string][] }
export interface Item { id: string; title: string; description: string; brand: string; categories: string[] }
export interface News { id: string; date: string; headline: string; detail: string; question: string }
export interface Thread { id: string; matter: string; steps: string[] }

/** More ways in which values slip out, by category id. */
export interface Cues {
  categories: Readonly<Record<string, string[]>>;
  relationship: string[];
  /** Said to the related person. */
  present: string[];
  changed: string[];
  former: string[];
}

export interface Material {
  topics: Topic[];
  requests: Request[];
  items: Item[];
  news: News[];
  threads: Thread[];
}

/** Reads the seeds a documents stage declares: topics, requests, items, news, threads. */
export async function readMaterial(files: Record<string, Files>): Promise<Material> {
  return {
    topics: await lines(files["topics"], "topics", (line) => ({ ...texts(line, ["id", "subject", "situation", "question"]), views: strings(line["views"]) })),
    requests: await lines(files["requests"], "requests", (line) => ({ ...texts(line, ["id", "subject", "request", "answer"]), followups: pairs(line["followups"]) })),
    items: await lines(files["items"], "items", (line) => ({ ...texts(line, ["id", "title", "description", "brand"]), categories: strings(line["categories"]) })),
    news: await lines(files["news"], "news", (line) => texts(line, ["id", "date", "headline", "detail", "question"])),
    threads: await lines(files["threads"], "threads", (line) => ({ ...texts(line, ["id", "matter"]), steps: strings(line["steps"]) })),
  };
}

/** Reads seeds/sessions-cues.json. */
export async function readCues(files: Files): Promise<Cues> {
  const value = await files.json();
  if (!isObject(value)) throw new Error(`${files.path}: cues are an object`);
  const categories = isObject(value["categories"]) ? value["categories"] : {};
  return {
    categories: Object.fromEntries(Object.entries(categories).map(([id, cues]) => [id, strings(cues)])),
    relationship: strings(value["relationship"]), present: strings(value["relationship_present"]), changed: strings(value["changed"]), former: strings(value["former"]),
  };
}

/** The part of the material in which no word of it, whichever alternative is drawn, is a secret. */
export function harmless(material: Material, gives: (text: string) => boolean): Material {
  const keep = <T>(list: T[]): T[] => list.filter((entry) => !gives(JSON.stringify(entry).replace(/[^\p{L}\p{N}'’ ]+/gu, " ")));
  return { topics: keep(material.topics), requests: keep(material.requests), items: keep(material.items), news: keep(material.news), threads: keep(material.threads) };
}

async function lines<T>(files: Files | undefined, name: string, read: (line: { [key: string]: Json }) => T): Promise<T[]> {
  if (files === undefined) throw new Error(`declare files: { ${name}: seeds/… } for the documents stage`);
  const list: T[] = [];
  for await (const line of files.records()) if (isObject(line)) list.push(read(line));
  if (list.length === 0) throw new Error(`${files.path}: no ${name}`);
  return list;
}

function texts<K extends string>(line: { [key: string]: Json }, keys: readonly K[]): Record<K, string> {
  return Object.fromEntries(keys.map((key) => [key, String(line[key] ?? "")])) as Record<K, string>;
}

function pairs(value: Json | undefined): [string, string][] {
  return Array.isArray(value) ? value.map((pair): [string, string] => { const [a = "", b = ""] = strings(pair); return [a, b]; }) : [];
}
