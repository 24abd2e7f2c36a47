import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Json, JsonRecord, Model } from "../src/stage/index.ts";
import { Finder, secretsOf } from "../stages/sessions/secrets.ts";
import { readPerson } from "../stages/sessions/person.ts";
import { parseTime, wordLine } from "../stages/sessions/text.ts";
import { speak } from "../stages/sessions/voice.ts";
import { totalSessions } from "../stages/sessions/volume.ts";
import { build, community, offlineModel, PAPER, type Built } from "./documents.rig.ts";

interface Truth { plan: string; personal: boolean; reveals: { person: string; attribute: string; value: string }[]; former?: { value: string; until: string }; replaces?: string; news?: string }
const LEVELS = [0, 0.3, 0.5, 0.7];
const truthOf = (record: JsonRecord): Truth => record["truth"] as unknown as Truth;
const contentOf = (record: JsonRecord): { [key: string]: Json }[] => record[record["type"] as string] as { [key: string]: Json }[];
const saidIn = (record: JsonRecord): string => contentOf(record).map((entry) => Object.entries(entry).filter(([key]) => key !== "role").map(([, value]) => JSON.stringify(value)).join(" ")).join(" . ");
const ownerOf = (record: JsonRecord): string => `${String(record["community"])}/${String(record["person"])}`;

let profiles: JsonRecord[];
const levels = new Map<number, Built>();
const made: number[] = [];
const level = (noise: number): Built => levels.get(noise) as Built;
const people = (noise: number): JsonRecord[][] => {
  const { documents } = level(noise);
  return [...new Set(documents.map(ownerOf))].map((owner) => documents.filter((session) => ownerOf(session) === owner));
};

beforeAll(async () => {
  profiles = await community(1, "documents");
  const writer = offlineModel();
  for (const noise of LEVELS) {
    levels.set(noise, await build(profiles, noise, PAPER, writer));
    made.push(writer.calls());
  }
}, 120_000);

describe("volume", () => {
  it("a person has floor(P / (1 - r)) sessions at every noise level, exactly", () => {
    for (const noise of LEVELS) {
      for (const sessions of people(noise)) expect(sessions.length).toBe(Math.floor(sessions.filter((session) => truthOf(session).personal).length / (1 - noise)));
    }
  });

  it("the rule is computed in doubles, as in the release", () => {
    expect([110, 90, 64].map((p) => totalSessions(p, 0.3))).toEqual([157, 128, 91]);
    expect([120, 98, 70].map((p) => totalSessions(p, 0.7))).toEqual([399, 326, 233]);
    expect(() => totalSessions(10, 1)).toThrow(RangeError);
  });

  it("without noise every session is personal", () => {
    expect(level(0).documents.every((session) => truthOf(session).personal)).toBe(true);
  });

  it("only tested people have documents", () => {
    expect(people(0).map((sessions) => sessions[0]?.["person"])).toEqual([0, 1, 2]);
  });
});

describe("nesting", () => {
  it("personal sessions have the same text at every level, and the noise of a lower level is part of a higher one's", () => {
    for (const [index, noise] of LEVELS.slice(1).entries()) {
      const here = new Map(level(noise).documents.map((session) => [`${ownerOf(session)} ${truthOf(session).plan}`, session["text"]]));
      for (const session of level(LEVELS[index] ?? 0).documents) expect(here.get(`${ownerOf(session)} ${truthOf(session).plan}`)).toBe(session["text"]);
    }
  });

  it("a higher level asks the writer only for what lower levels have not asked", () => {
    expect(made).toEqual(LEVELS.map((noise) => level(noise).documents.length));
  });

  it("the same inputs give the same bytes", async () => {
    expect(JSON.stringify(await build(profiles, 0.3))).toBe(JSON.stringify(level(0.3)));
  });
});

describe("records", () => {
  it("segment ids are community, person and place in time, without a gap over all kinds of sessions", () => {
    for (const sessions of people(0.5)) {
      const byId = [...sessions].sort((a, b) => (a.id < b.id ? -1 : 1));
      const times = byId.map((session) => parseTime(session["time"] as string) ?? NaN);
      for (const [sequence, session] of byId.entries()) expect(session.id).toBe(`00000${String(session["person"])}${String(sequence).padStart(6, "0")}`);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(new Set(times).size).toBe(times.length);
    }
  });

  it("sessions stand in reference order: conversations target by target, then user-AI, then purchases, each by time", () => {
    for (const sessions of people(0.7)) {
      const series = sessions.map((session) => String(session["target_name"] ?? session["type"]));
      expect(series.filter((name, index) => name !== series[index - 1])).toEqual([...new Set(series)]);
      expect(series.at(-1)).toBe("purchase_history");
      const numbers = new Map<string, number>();
      for (const [index, session] of sessions.entries()) {
        const n = (numbers.get(series[index] ?? "") ?? 0) + 1;
        numbers.set(series[index] ?? "", n);
        expect(session["session"]).toBe(`${String(session["type"])}---session---${String(n)}`);
      }
    }
  });

  it("times lie in the window of the release, in waking hours", () => {
    for (const { time } of level(0.7).documents) {
      expect(time).toMatch(/^2024\/(Oct|Nov)\/\d\d\/\d\d:\d\d (AM|PM)$/);
      const at = parseTime(time as string) ?? 0;
      expect(at).toBeGreaterThanOrEqual(Date.UTC(2024, 9, 14, 7));
      expect(at).toBeLessThan(Date.UTC(2024, 10, 13, 22));
    }
  });

  it("the chunk is the session as compact ASCII JSON, without its id and number, keys in the order of the release", () => {
    for (const session of level(0.3).documents) {
      const text = session["text"] as string;
      expect(text).not.toMatch(/[^ -~]|segment_id|---session---/);
      const chunk = JSON.parse(text) as { [key: string]: Json };
      const type = session["type"] as string;
      expect(Object.keys(chunk)).toEqual(type === "conversation" ? ["time", "target_name", "conversation"] : ["time", type]);
      expect(chunk[type]).toEqual(session[type]);
      expect(Object.keys((chunk[type] as { [key: string]: Json }[])[0] ?? {})).toEqual(type === "purchase_history" ? ["title", "description", "brand", "categories"] : ["role", "content"]);
    }
  });

  it("two people speak in turns in a conversation; a user speaks first and an assistant last", () => {
    for (const session of level(0.7).documents) {
      const roles = contentOf(session).map(({ role }) => role);
      if (session["type"] === "purchase_history") continue;
      if (session["type"] === "conversation") expect([...new Set(roles)].sort()).toEqual([session["owner"], session["target_name"]].sort());
      else expect([roles[0], roles.at(-1)]).toEqual(["user", "assistant"]);
      for (const [index, role] of roles.entries()) expect(role).not.toBe(roles[index - 1]);
    }
  });
});

describe("what sessions give away", () => {
  it("a personal session says its value word for word", () => {
    for (const session of level(0).documents) {
      const { reveals, former } = truthOf(session);
      const value = former?.value ?? reveals[0]?.value ?? "missing";
      expect(wordLine(saidIn(session))).toContain(wordLine(value.replace(/^[^:]+: /, "")));
    }
  });

  it("a noise session says no value of its owner or of anybody the owner is related to", () => {
    for (const sessions of people(0.7)) {
      const owner = readPerson(profiles.find((profile) => profile["person"] === sessions[0]?.["person"]) as JsonRecord);
      const around = [owner, ...owner.relations.map(({ person }) => readPerson(profiles.find(({ id }) => id === person) as JsonRecord))];
      const finder = new Finder(secretsOf(around));
      for (const session of sessions) if (!truthOf(session).personal) expect(finder.in(saidIn(session)).map(({ text }) => text)).toEqual([]);
    }
  });

  it("nothing is bought twice, and an order has two to five items", () => {
    for (const sessions of people(0.7)) {
      const orders = sessions.filter(({ type }) => type === "purchase_history").map(contentOf);
      const titles = orders.flat().map(({ title }) => title);
      expect(new Set(titles).size).toBe(titles.length);
      for (const order of orders) expect(order.length >= 2 && order.length <= 5).toBe(true);
    }
  });

  it("an old preference is told before the one that takes its place", () => {
    let changes = 0;
    for (const sessions of people(0.7)) {
      for (const session of sessions) {
        const { former } = truthOf(session);
        if (former === undefined) continue;
        const next = sessions.find((other) => truthOf(other).replaces === former.value && truthOf(other).reveals[0]?.value === former.until) as JsonRecord;
        expect(next.id > session.id).toBe(true);
        expect(saidIn(next)).toContain(former.value);
        changes++;
      }
    }
    expect(changes).toBeGreaterThan(0);
  });

  it("a matter two people come back to goes on in order of time, at every level", async () => {
    const threads = (await readFile(new URL("../seeds/sessions-threads.jsonl", import.meta.url), "utf8")).trim().split("\n").map((line) => (JSON.parse(line) as { steps: string[] }).steps.map(wordLine));
    let sequels = 0;
    for (const noise of LEVELS) {
      for (const sessions of people(noise)) {
        for (const target of new Set(sessions.map((session) => session["target_name"]))) {
          // In order of time within a pair.
          const lines = sessions.filter((session) => session["target_name"] === target).map((session) => wordLine(saidIn(session)));
          for (const steps of threads) {
            const told = steps.map((step) => lines.findIndex((line) => line.includes(step))).filter((at) => at >= 0);
            expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
            if (told.length > 1) sequels++;
          }
        }
      }
    }
    expect(sequels).toBeGreaterThan(10);
  });
});

describe("distribution", () => {
  it("a fifth of conversations touch on the news, within three standard deviations over a thousand, and never on news to come", async () => {
    const { documents } = await build(await community(2, "news"), 0.7);
    const conversations = documents.filter(({ type }) => type === "conversation");
    const { length: n } = conversations;
    expect(n).toBeGreaterThan(1000);
    const share = conversations.filter((session) => truthOf(session).news !== undefined).length / n;
    expect(Math.abs(share - 0.2)).toBeLessThan(3 * Math.sqrt((0.2 * 0.8) / n));
    for (const session of conversations) {
      const { news } = truthOf(session);
      if (news === undefined) continue;
      const day = Math.floor((Number(news.slice(5)) - 1) / 2);
      expect(Date.UTC(2024, 9, 14 + day)).toBeLessThan(parseTime(session["time"] as string) ?? 0);
    }
    const changes = documents.filter((session) => truthOf(session).former !== undefined).length;
    expect(changes / documents.filter((session) => truthOf(session).personal).length).toBeLessThan(0.02);
  }, 120_000);
});

describe("a writer that does not deliver", () => {
  const broken = (reply: (prompt: string, call: number) => Json): { writer: Model; prompts: string[] } => {
    const prompts: string[] = [];
    const inner = offlineModel();
    return { prompts, writer: { ...inner, async chat<V>(request: { prompt?: string; schema?: string }) {
      const prompt = request.prompt ?? "";
      prompts.push(prompt);
      const value = reply(prompt, prompts.length);
      return value === null ? inner.chat<V>(request) : { value: value as V, outcome: "ok" as const, usage: { input: 0, cached_input: 0, output: 0 }, cached: false, model: "m", key: "" };
    } } };
  };

  it("is asked again and told what was wrong", async () => {
    const { writer, prompts } = broken((_, call) => (call === 1 ? { conversation: [{ role: "Nobody", content: "Hello." }], user_ai_interaction: [{ role: "user", content: "Hello." }, { role: "assistant", content: "Hello." }], purchase_history: [] } : null));
    await build(profiles.slice(0, 5).map((profile, index) => ({ ...profile, tested: index === 0 })), 0, PAPER, writer);
    expect(prompts.filter((prompt) => prompt.includes("An earlier draft was not usable")).length).toBe(1);
  });

  it("fails after five drafts, naming person, session and reason", async () => {
    const { writer } = broken(() => ({ conversation: [], user_ai_interaction: [], purchase_history: [] }));
    await expect(build(profiles, 0, PAPER, writer)).rejects.toThrow(/^c000p000, session p\d+: no draft of 5 was usable; of the last one: it never says ".+"\./);
  });
});

describe("voice", () => {
  const person = readPerson({ id: "c000p001", community: 0, person: 1, name: "Lene Okafor", gender: "female", attributes: {}, relations: [] });

  it("speaks for oneself or of somebody else, named first and then by pronoun", () => {
    const cue = "{I} left the {value} on the tram and {my} neighbour found it. ~ {I} {have} bought him a cake.";
    expect(speak(cue, { voice: "own", person, part: { text: "oud" } })).toEqual({ say: "I left the oud on the tram and my neighbour found it.", more: "I have bought him a cake." });
    expect(speak(cue, { voice: "other", person, part: { text: "oud" } })).toEqual({ say: "Lene left the oud on the tram and her neighbour found it.", more: "She has bought him a cake." });
    expect(speak(cue, { voice: "other", person, called: "my cousin", part: { text: "oud" } }).say).toBe("My cousin left the oud on the tram and her neighbour found it.");
  });

  it("fills in every cue of the seeds, in either voice", async () => {
    const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(new URL(`../seeds/${name}`, import.meta.url), "utf8"));
    const taxonomy = (await read("taxonomy.json")) as { categories: { id: string; cues: Record<"own" | "other", string[]> }[]; social: { cues: string[] } };
    const { categories, ...others } = (await read("sessions-cues.json")) as { categories: Record<string, string[]>; [list: string]: unknown };
    const known = new Set(taxonomy.categories.map(({ id }) => id));
    expect(Object.keys(categories).filter((id) => !known.has(id))).toEqual([]);
    for (const voice of ["own", "other"] as const) {
      const lists = [...taxonomy.categories.map(({ cues }) => cues[voice]), ...Object.values(categories), ...["changed", "former", "relationship", "relationship_present"].map((list) => others[list] as string[])];
      for (const cue of lists.flat()) {
        const { say, more } = speak(cue, { voice, person, part: { text: "VALUE", slot: "Slot" }, old: { text: "OLD" }, label: "friend", name: "Bo" });
        expect(`${say} ${more ?? ""}`).not.toMatch(/[{}]|undefined| {2,}\S/);
        expect(say).toMatch(/^['"]?[\p{Lu}]/u);
        expect(say).toMatch(/VALUE|friend/);
      }
    }
  });

  it("knows articles and slots", () => {
    expect(speak("As {a value} one has {a key} called {value}.", { voice: "own", person, part: { text: "engineer", slot: "owl" } }).say).toBe("As an engineer one has an owl called engineer.");
    expect(speak("{A value} it is.", { voice: "own", person, part: { text: "a loft" } }).say).toBe("A loft it is.");
  });
});
