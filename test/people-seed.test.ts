import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import seed from "../stages/seed.ts";
import { professionShares } from "../stages/people/components.ts";
import type { Components } from "../stages/people/components.ts";
import type { PersonaRecord } from "../stages/people/persona.ts";
import { tooSimilar } from "../stages/people/similarity.ts";
import { bankParams, offline, runStage, seedSetup } from "./people/stage.ts";
import type { Writer } from "./people/stage.ts";

const components = JSON.parse(readFileSync("seeds/components.json", "utf8")) as Components;
const names = JSON.parse(readFileSync("seeds/names.json", "utf8")) as { first: Record<string, string[]>; last: string[]; usernames: string[] };

/** Upper 0.1 % point of chi-square (Wilson and Hilferty 1931). */
function criticalValue(freedom: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 3.0902 * Math.sqrt(spread)) ** 3;
}

describe("the bank of 5,000 personas", () => {
  let bank: PersonaRecord[];
  beforeAll(async () => {
    bank = (await runStage(seed, seedSetup(5000))).records as unknown as PersonaRecord[];
  });

  test("holds no duplicate: names, user names, ids, backgrounds", () => {
    expect(bank).toHaveLength(5000);
    for (const key of ["id", "name", "background"] as const) expect(new Set(bank.map((persona) => persona[key])).size).toBe(5000);
    const usernames = bank.flatMap((persona) => persona.username ?? []);
    expect(new Set(usernames).size).toBe(usernames.length);
    expect(new Set(bank.map(({ name, background }) => background.replaceAll(name.split(" ")[0] as string, ""))).size).toBe(5000);
  });

  test("is valid by schemas/persona.schema.json, every record of it", () => {
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync("schemas/persona.schema.json", "utf8")) as object);
    for (const persona of bank) expect(validate(persona), JSON.stringify(validate.errors)).toBe(true);
  });

  test("has professions in the proportions of the occupational statistics, by chi-square", () => {
    const shares = professionShares(components);
    const counts = new Map<string, number>();
    for (const { profession } of bank) counts.set(profession, (counts.get(profession) ?? 0) + 1);
    let rest = { expected: 0, seen: 0 }, statistic = 0, cells = 0;
    for (const [index, { value }] of components.professions.entries()) {
      const expected = (shares[index] as number) * bank.length, seen = counts.get(value) ?? 0;
      if (expected < 5) {
        rest = { expected: rest.expected + expected, seen: rest.seen + seen };
        continue;
      }
      statistic += (seen - expected) ** 2 / expected;
      cells++;
    }
    statistic += (rest.seen - rest.expected) ** 2 / rest.expected;
    expect(cells).toBeGreaterThan(100);
    expect(statistic).toBeLessThan(criticalValue(cells));
  });

  test("has ages inside the range of the profession, with the mean the ranges imply", () => {
    const ranges = new Map(components.professions.map((profession) => [profession.value, profession]));
    for (const { age, profession } of bank) {
      const { min_age, max_age } = ranges.get(profession)!;
      if (age < min_age || age > max_age) expect.fail(`${profession} of ${String(age)}`);
    }
    const shares = professionShares(components);
    const moments = components.professions.map(({ min_age, max_age }, index) => ({ share: shares[index] as number, mean: (min_age + max_age) / 2, square: ((max_age - min_age + 1) ** 2 - 1) / 12 + ((min_age + max_age) / 2) ** 2 }));
    const mean = moments.reduce((sum, part) => sum + part.share * part.mean, 0);
    const deviation = Math.sqrt(moments.reduce((sum, part) => sum + part.share * part.square, 0) - mean ** 2);
    const seen = bank.reduce((sum, { age }) => sum + age, 0) / bank.length;
    expect(Math.abs(seen - mean)).toBeLessThan((3.3 * deviation) / Math.sqrt(bank.length));
  });

  test("gives nobody traits that exclude each other, and only traits of the list", () => {
    const known = new Set(components.traits.map((trait) => trait.value));
    for (const { traits } of bank) {
      expect(traits.filter((trait) => !known.has(trait))).toEqual([]);
      expect(components.opposites.filter(([a, b]) => traits.includes(a) && traits.includes(b))).toEqual([]);
    }
  });

  test("has nobody too similar to those before in the same round", () => {
    for (let index = 20; index < bank.length; index++) {
      const [persona, before] = [bank[index] as PersonaRecord, bank.slice(index - (index % 20), index)];
      expect(tooSimilar(persona, before, bankParams.similarity)).toBeUndefined();
    }
  });
});

test("the seeds are as large as promised and hold nothing twice", () => {
  const distinct = (list: string[], least: number): void => {
    expect(new Set(list).size).toBe(list.length);
    expect(list.length).toBeGreaterThanOrEqual(least);
  };
  distinct(components.professions.map(({ value }) => value), 90);
  distinct(components.life_contexts.map(({ value }) => value), 60);
  distinct(components.traits.map(({ value }) => value), 65);
  distinct(components.chatting_quirks.map(({ value }) => value), 55);
  distinct(Object.values(names.first).flat(), 400);
  distinct(names.last, 500);
  distinct(names.usernames, 200);
});

test("answers that come in another order make the same bank", async () => {
  let asked = 0;
  const slow: Writer = async (request) => {
    await new Promise((resolve) => setTimeout(resolve, (7 * asked++) % 5));
    return offline(request);
  };
  const quick = await runStage(seed, seedSetup(60));
  const late = await runStage(seed, { ...seedSetup(60), writer: slow });
  expect(late.records).toEqual(quick.records);
});

test("another seed makes another bank", async () => {
  const one = await runStage(seed, seedSetup(20)), other = await runStage(seed, { ...seedSetup(20), seed: 2025 });
  expect(other.records).not.toEqual(one.records);
});

test("a faulty draft is asked for again, then mended: too long, too many and foreign traits", async () => {
  let faulty = 0;
  const careless: Writer = async (request) => {
    const draft = (await offline(request)) as { background: string; chatting_style: string; traits: string[] };
    faulty++;
    return { background: `${draft.background} And there is more to say. ${"Much more. ".repeat(40)}`, chatting_style: draft.chatting_style.repeat(3), traits: [...draft.traits, ...draft.traits, "omnipotent"] };
  };
  const { records, calls } = await runStage(seed, { ...seedSetup(20), writer: careless });
  expect(faulty).toBe(calls);
  expect(calls).toBeGreaterThanOrEqual(40);
  for (const { background, chatting_style, traits } of records as unknown as PersonaRecord[]) {
    expect(background.length).toBeLessThanOrEqual(300);
    expect(chatting_style.length).toBeLessThanOrEqual(120);
    expect(new Set(traits).size).toBe(traits.length);
    expect(traits).not.toContain("omnipotent");
  }
});

test("a writer that refuses now and then costs further draws, not people", async () => {
  const { records, calls } = await runStage(seed, { ...seedSetup(40), writer: (request) => (request.random.chance(0.3) ? undefined : offline(request)) });
  expect(records).toHaveLength(40);
  expect(calls).toBeGreaterThan(40);
});

test("a writer that always says the same is refused with the reason", async () => {
  const parrot: Writer = ({ facts }) => ({ background: "Somebody leads a quiet life with a garden and a cat.", chatting_style: "plain and short", traits: (facts.at(-1) as { traits: string[] }).traits.slice(0, 3) });
  await expect(runStage(seed, { ...seedSetup(20), writer: parrot })).rejects.toThrow(/persona \d+: .*(like an earlier one|too similar)/);
});

test("with the similarity check off, alike personas are let through as long as they are not equal", async () => {
  const setup = seedSetup(40);
  const near: Writer = ({ facts }) => {
    const blocks = facts.at(-1) as { traits: string[]; given: string; life_context: string; profession: string };
    return { background: `Somebody leads a quiet life with a garden, a cat, a harp and the work of ${blocks.profession}, and ${blocks.life_context}.`, chatting_style: "plain and short", traits: blocks.traits.slice(0, 5) };
  };
  const loose = { ...setup, params: { ...setup.params, bank: { ...bankParams, similarity: false } }, writer: near };
  const strict = { ...setup, params: { ...setup.params, bank: { ...bankParams, similarity: { shared_traits: 0, word_overlap: 0.25 } } }, writer: near };
  expect((await runStage(seed, loose)).records).toHaveLength(40);
  await expect(runStage(seed, strict)).rejects.toThrow(/similar|earlier/);
});
