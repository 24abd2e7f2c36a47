import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import type { Json, JsonRecord } from "../src/stage/index.ts";
import graph from "../stages/graph.ts";
import profile from "../stages/profile.ts";
import seed from "../stages/seed.ts";
import { fill } from "../stages/people/phrase.ts";
import type { Components } from "../stages/people/components.ts";
import type { CommunityRecord } from "../stages/people/record.ts";
import type { AttributeValue, Taxonomy } from "../stages/people/taxonomy.ts";
import { partsOf } from "../stages/people/values.ts";
import type { Places } from "../stages/people/world.ts";
import { graphSetup, offline, profileSetup, runStage, seedSetup } from "./people/stage.ts";
import type { Writer } from "./people/stage.ts";

const read = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;
const taxonomy = read<Taxonomy>("seeds/taxonomy.json");
const components = read<Components>("seeds/components.json");
const places = read<Places>("seeds/places.json");
const ajv = new Ajv2020({ strict: false });
const validate = ajv.compile(read<object>("schemas/profile.schema.json"));

interface Profile {
  id: string;
  age: number;
  name: string;
  tested: boolean;
  attributes: Record<string, AttributeValue>;
  relations: { person: string; name: string; relationship: string }[];
}

const path = (id: string): string => taxonomy.categories.find((category) => category.id === id)!.path;
const value = (person: Profile, id: string): AttributeValue | undefined => person.attributes[path(id)];

/** Whatever holds of every profile, whoever wrote it. */
function faultsOf(people: readonly Profile[], { nodes }: CommunityRecord): string[] {
  const found: string[] = [];
  const known = new Map(taxonomy.categories.map((category) => [category.path, category]));
  for (const person of people) {
    for (const [attribute, held] of Object.entries(person.attributes)) {
      if (attribute.startsWith("Social_relationship.")) continue;
      const category = known.get(attribute);
      if (category === undefined) {
        found.push(`${attribute} is no category`);
        continue;
      }
      const kind = typeof held === "number" ? "integer" : typeof held === "string" ? "string" : typeof held[0] === "string" ? "list" : "objects";
      if (kind !== category.kind) found.push(`${attribute} is ${kind}, not ${category.kind}`);
      if (Array.isArray(held) && category.derived === null && (held.length < 1 || held.length > category.count[1])) found.push(`${attribute} has ${held.length} entries`);
      for (const { when, says, without } of taxonomy.conflicts) {
        const decisive = value(person, when), words = without[category.id];
        if (decisive === undefined || words === undefined || !says.some((word) => partsOf(decisive).join(" ").toLowerCase().includes(word))) continue;
        for (const part of partsOf(held)) for (const word of words) if (word === "*" || part.toLowerCase().includes(word.toLowerCase())) found.push(`${person.name}: ${part} in spite of ${String(decisive)}`);
      }
    }
    const country = places.countries.find(({ name }) => name === value(person, "residence_country")), city = value(person, "residence_city");
    if (country !== undefined && city !== undefined && !country.cities.includes(city as string)) found.push(`${String(city)} is not in ${country.name}`);
    const origin = places.countries.find(({ name }) => name === value(person, "birth_country")), born = value(person, "birth_city");
    if (origin !== undefined && born !== undefined && !origin.cities.includes(born as string)) found.push(`${String(born)} is not in ${origin.name}`);
    if (value(person, "age") !== person.age) found.push("age differs");
    if (value(person, "profession") === value(person, "previous_occupation") && value(person, "profession") !== undefined) found.push("previous occupation is the present one");
    if (value(person, "employer") !== undefined && ["retired", "student", "homemaker", "looking for work"].includes(String(value(person, "employment_status")))) found.push("an employer without work");
    for (const { name, relationship } of person.relations) {
      const held = person.attributes[`Social_relationship.${relationship.replaceAll(" ", "_")}`];
      if (!(held === name || (Array.isArray(held) && (held as string[]).includes(name)))) found.push(`${name} is missing among the ${relationship}`);
    }
  }
  const shared = (labels: string[], ids: string[]): void => {
    for (const person of people) {
      for (const relation of person.relations.filter(({ relationship }) => labels.includes(relationship))) {
        const other = people.find(({ id }) => id === relation.person) as Profile;
        for (const id of ids) {
          const [a, b] = [value(person, id), value(other, id)];
          if (a !== undefined && b !== undefined && JSON.stringify(a) !== JSON.stringify(b)) found.push(`${person.name} and ${other.name}, ${relation.relationship}: ${id} differs`);
        }
      }
    }
  };
  for (const [index, person] of people.entries()) {
    const context = components.life_contexts.find(({ value: words }) => words === nodes[index]?.life_context);
    const alone = !person.relations.some(({ relationship }) => ["wife", "husband", "spouse", "flatmate"].includes(relationship));
    if (context?.single === true && !alone) found.push(`${person.name} ${context.value}, but shares a home`);
    const dwelling = value(person, "dwelling"), born = value(person, "birth_country"), lives = value(person, "residence_country");
    if (context?.dwelling !== undefined && alone && dwelling !== undefined && dwelling !== context.dwelling) found.push(`${person.name} ${context.value}, but in ${String(dwelling)}`);
    if (context?.place === "abroad" && born !== undefined && born === lives) found.push(`${person.name} ${context.value}, but in the country of birth`);
  }
  shared(["colleague", "manager", "assistant"], ["employer"]);
  shared(["wife", "husband", "spouse", "flatmate"], ["residence_city", "residence_country", "neighborhood", "dwelling"]);
  shared(["neighbor"], ["residence_city", "residence_country", "neighborhood"]);
  shared(["sister", "brother", "sibling"], ["birth_city", "birth_country", "siblings"]);
  shared(["mother", "father", "parent"], ["birth_country"]);
  return found;
}

let communities: CommunityRecord[];
beforeAll(async () => {
  const bank = (await runStage(seed, seedSetup(200))).records;
  communities = (await runStage(graph, graphSetup(bank, 40, 10))).records as unknown as CommunityRecord[];
});
const profiles = async (community: CommunityRecord, writer: Writer = offline): Promise<Profile[]> =>
  (await runStage(profile, { ...profileSetup(community as unknown as JsonRecord), writer })).records as unknown as Profile[];

describe("the profiles of forty communities", () => {
  let people: Profile[][];
  beforeAll(async () => {
    people = await Promise.all(communities.map((community) => profiles(community)));
  });

  test("are valid by schemas/profile.schema.json", () => {
    for (const person of people.flat()) expect(validate(person), JSON.stringify(validate.errors)).toBe(true);
  });

  test("agree with the graph, the places, age and profession, and hold nothing that a diet or an allergy forbids", () => {
    for (const [index, community] of people.entries()) expect(faultsOf(community, communities[index] as CommunityRecord)).toEqual([]);
  });

  test("have at most 48 categories, different ones for different people, and use every category somewhere", () => {
    const categories = people.flat().map(({ attributes }) => Object.keys(attributes).filter((name) => !name.startsWith("Social_relationship.")));
    for (const names of categories) {
      expect(names.length).toBeLessThanOrEqual(48);
      expect(names.length).toBeGreaterThan(20);
    }
    expect(new Set(categories.map((names) => names.join())).size).toBe(categories.length);
    const used = new Set(categories.flat());
    for (const category of taxonomy.categories) expect(used, category.path).toContain(category.path);
  });

  test("repeat few tastes within a community", () => {
    let values = 0, repeated = 0;
    for (const community of people) {
      const seen = new Map<string, number>();
      for (const { attributes } of community) for (const [name, held] of Object.entries(attributes)) if (name.startsWith("Psychographics.Preference")) for (const part of partsOf(held)) seen.set(`${name} ${part}`, (seen.get(`${name} ${part}`) ?? 0) + 1);
      values += seen.size;
      repeated += [...seen.values()].filter((count) => count > 1).length;
    }
    expect(repeated / values).toBeLessThan(0.03);
  });

  test("test the first three of a community", () => {
    for (const community of people) expect(community.map(({ tested }) => tested)).toEqual(community.map((_, index) => index < 3));
  });
});

test("a model that proposes nonsense cannot spoil a profile", async () => {
  const spoiler: Writer = ({ schema, facts, random }) => {
    const rubbish = (): string => random.pick(["", "N/A", "none", "<b>x</b>", "z".repeat(400), "beef rendang", "crab cakes", "A fine thing", "walnut ice cream", "two\nlines"]);
    const given = facts[0] as { groups?: { id: string }[]; template?: { category: string }[] };
    if (schema === "profile-social") return { choices: given.groups!.map(({ id }) => ({ id, value: rubbish() })) };
    return { attributes: [...given.template!.filter(() => random.chance(0.8)).map(({ category }) => ({ category, entries: Array.from({ length: random.int(0, 9) }, rubbish) })), { category: "no_such", entries: ["x"] }] };
  };
  for (const community of communities.slice(0, 20)) {
    const people = await profiles(community, spoiler);
    for (const person of people) expect(validate(person), JSON.stringify(validate.errors)).toBe(true);
    expect(faultsOf(people, community)).toEqual([]);
    for (const part of people.flatMap(({ attributes }) => Object.values(attributes).flatMap(partsOf))) expect(part).not.toMatch(/[<>\n]|^N\/A$|z{80}/);
  }
});

test("a model's own value is taken where it is one", async () => {
  const own: Writer = async (request) => {
    const draft = (await offline(request)) as { attributes?: { category: string; entries: string[] }[] };
    for (const attribute of draft.attributes ?? []) if (attribute.category === "hobby") attribute.entries = ["carving spoons for giants", ...attribute.entries.slice(1)];
    return draft as Json;
  };
  const hobbies = (await profiles(communities[0] as CommunityRecord, own)).map((person) => value(person, "hobby")).filter((held) => held !== undefined) as string[][];
  expect(hobbies.length).toBeGreaterThan(0);
  for (const hobby of hobbies) expect(hobby[0]).toBe("carving spoons for giants");
});

describe("the taxonomy", () => {
  test("is valid by its schema, with at least 48 categories in three meta-categories", () => {
    const check = ajv.compile(read<object>("schemas/taxonomy.schema.json"));
    expect(check(taxonomy), JSON.stringify(check.errors)).toBe(true);
    expect(new Set(taxonomy.categories.map(({ path: name }) => name.split(".")[0]))).toEqual(new Set(taxonomy.meta.slice(0, 2)));
    expect(new Set(taxonomy.categories.map(({ id }) => id)).size).toBe(taxonomy.categories.length);
  });

  test("has templates whose placeholders can all be filled, and leaves none in a sentence", () => {
    const slots = { value: "x", key: "k", who: "my sister", whose: "my sister's", name: "Ada Bell", label: "sister", inverse: "brother" };
    const templates = [...taxonomy.categories.flatMap(({ questions, cues }) => [...questions.own, ...questions.other, ...cues.own, ...cues.other]), ...Object.values(taxonomy.social.questions).flat(), ...taxonomy.social.cues];
    for (const template of templates) expect(fill(template, slots)).not.toMatch(/[{}]/);
    for (const { questions, cues } of taxonomy.categories) {
      for (const text of questions.own) expect(text).not.toMatch(/\{/);
      for (const text of questions.other) expect(text).toMatch(/\{[Ww]hos?e?\}|\{who\}/);
      for (const text of [...cues.own, ...cues.other]) expect(text).toMatch(/\{(a )?value\}/);
    }
  });

  test("asks for no integer before many other things", () => {
    expect(taxonomy.categories.slice(0, 12).every(({ kind }) => kind !== "integer")).toBe(true);
  });

  test("asks no question in the words of a cue", () => {
    for (const { id, questions, cues } of taxonomy.categories) for (const cue of cues.own) expect(questions.own.includes(cue), id).toBe(false);
  });

  test("derives or pools every category, and pools what conflicts speak of", () => {
    for (const { id, pool, derived } of taxonomy.categories) expect(pool.length > 10 || derived !== null, id).toBe(true);
    for (const { when, without } of taxonomy.conflicts) for (const id of [when, ...Object.keys(without)]) expect(taxonomy.categories.some((category) => category.id === id), id).toBe(true);
  });
});

test("an article fits the word", () => {
  expect(fill("{a value}, {A value}", { value: "office cleaner" })).toBe("an office cleaner, An office cleaner");
  expect(fill("{a value}", { value: "university lecturer" })).toBe("a university lecturer");
  expect(fill("{a value}", { value: "the old harbour wall" })).toBe("the old harbour wall");
  expect(() => fill("{nothing}", {})).toThrow(/no value for \{nothing\}/);
});
