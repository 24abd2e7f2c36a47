import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonRecord } from "../src/stage/index.ts";
import graph from "../stages/graph.ts";
import seed from "../stages/seed.ts";
import { Community } from "../stages/people/community.ts";
import type { CommunityRecord, GraphEdge, GraphNode } from "../stages/people/record.ts";
import type { Gender } from "../stages/people/names.ts";
import type { Member, Relations } from "../stages/people/relations.ts";
import { graphSetup, runStage, seedSetup } from "./people/stage.ts";
import type { Writer } from "./people/stage.ts";

const relations = JSON.parse(readFileSync("seeds/relations.json", "utf8")) as Relations;
const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync("schemas/community.schema.json", "utf8")) as object);

// What a reader of the graph knows of relationships, written down without the code under test.
const SYMMETRIC = ["friend", "neighbor", "colleague", "cousin", "flatmate", "club mate", "former classmate"];
const INVERSE: [string[], string[]][] = [
  [["wife", "husband", "spouse"], ["wife", "husband", "spouse"]], [["mother", "father", "parent"], ["daughter", "son", "child"]], [["sister", "brother", "sibling"], ["sister", "brother", "sibling"]],
  [["grandmother", "grandfather", "grandparent"], ["granddaughter", "grandson", "grandchild"]], [["aunt", "uncle", "aunt or uncle"], ["niece", "nephew", "niece or nephew"]],
  [["manager"], ["assistant"]], [["mentor"], ["mentee"]], [["landlady", "landlord"], ["tenant"]], [["service provider"], ["client"]], [["doctor"], ["patient"]], [["teacher"], ["pupil"]],
];
const FEMALE = ["wife", "mother", "daughter", "sister", "grandmother", "granddaughter", "aunt", "niece", "landlady"];
const MALE = ["husband", "father", "son", "brother", "grandfather", "grandson", "uncle", "nephew"];

function faultsOf({ nodes, edges }: CommunityRecord): string[] {
  const found: string[] = [];
  const node = (number: number): GraphNode => nodes[number - 1] as GraphNode;
  const edge = (source: number, target: number): GraphEdge | undefined => edges.find((entry) => entry.source === source && entry.target === target);
  const having = (labels: string[]): GraphEdge[] => edges.filter(({ relationship }) => labels.includes(relationship));
  for (const { source, target, relationship, description } of edges) {
    const back = edge(target, source);
    if (back === undefined) found.push(`${source}->${target} has no reverse`);
    else {
      const inverse = SYMMETRIC.includes(relationship) ? back.relationship === relationship : INVERSE.some(([a, b]) => (a.includes(relationship) && b.includes(back.relationship)) || (b.includes(relationship) && a.includes(back.relationship)));
      if (!inverse) found.push(`${relationship} against ${back.relationship}`);
      if (back.description !== description) found.push("one relationship, two stories");
    }
    const { gender, age } = node(source);
    if (FEMALE.includes(relationship) && gender !== "female") found.push(`${gender} ${relationship}`);
    if (MALE.includes(relationship) && gender !== "male") found.push(`${gender} ${relationship}`);
    if (["mother", "father", "parent"].includes(relationship) && age - node(target).age < 16) found.push(`a parent of ${age} with a child of ${node(target).age}`);
    if (["grandmother", "grandfather", "grandparent"].includes(relationship) && age - node(target).age < 32) found.push(`a grandparent of ${age}`);
    if (source === target) found.push("related to oneself");
  }
  if (new Set(edges.map(({ source, target }) => `${source} ${target}`)).size !== edges.length) found.push("an edge twice");
  for (const { node: number } of nodes) {
    const spouses = having(["wife", "husband", "spouse"]).filter(({ target }) => target === number);
    const parents = having(["mother", "father", "parent"]).filter(({ target }) => target === number);
    if (spouses.length > 1) found.push(`${spouses.length} spouses`);
    if (parents.length > 2) found.push(`${parents.length} parents`);
    const siblings = having(["sister", "brother", "sibling"]).filter(({ target }) => target === number).map(({ source }) => source);
    for (const parent of parents) for (const sibling of siblings) if (!["mother", "father", "parent"].includes(edge(parent.source, sibling)?.relationship ?? "")) found.push("siblings with different parents");
  }
  const reached = new Set([1]);
  for (const number of reached) for (const { source, target } of edges) if (source === number) reached.add(target);
  if (reached.size !== nodes.length) found.push("not connected");
  return found;
}

let bank: JsonRecord[];
beforeAll(async () => {
  bank = (await runStage(seed, seedSetup(400))).records;
});
const grow = async (communities: number, people: number, writer?: Writer): Promise<CommunityRecord[]> =>
  (await runStage(graph, { ...graphSetup(bank, communities, people), ...(writer === undefined ? {} : { writer }) })).records as unknown as CommunityRecord[];

describe("a hundred communities of ten", () => {
  let communities: CommunityRecord[];
  beforeAll(async () => {
    communities = await grow(100, 10);
  });

  test("are valid by schemas/community.schema.json", () => {
    for (const community of communities) expect(validate(community), JSON.stringify(validate.errors)).toBe(true);
  });

  test("have every reverse edge, inverse labels, right genders, possible ages, one spouse, two parents, and hang together", () => {
    for (const community of communities) expect(faultsOf(community)).toEqual([]);
  });

  test("give each tested person at least three acquaintances, and have about as many edges as the release's", () => {
    for (const { edges } of communities) for (const number of [1, 2, 3]) expect(edges.filter(({ target }) => target === number).length).toBeGreaterThanOrEqual(3);
    const mean = communities.reduce((sum, { edges }) => sum + edges.length, 0) / communities.length;
    expect(mean).toBeGreaterThan(20);
    expect(mean).toBeLessThan(32);
  });

  test("use every kind of relationship somewhere", () => {
    const labels = new Set(communities.flatMap(({ edges }) => edges.map(({ relationship }) => relationship)));
    for (const { id, roles } of relations.kinds) expect(Object.values(roles[0]).some((label) => labels.has(label)), id).toBe(true);
  });

  test("begin with three personas of the bank, each used once, and name nobody twice", () => {
    const seeds = communities.flatMap(({ nodes }) => nodes.slice(0, 3).map((node) => node.seed));
    expect(new Set(seeds).size).toBe(300);
    for (const id of seeds) expect(bank.some((persona) => persona.id === id)).toBe(true);
    for (const { nodes } of communities) expect(new Set(nodes.map(({ name }) => name.split(" ")[0])).size).toBe(nodes.length);
    const names = communities.flatMap(({ nodes }) => nodes.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
  });
});

test("a model that proposes nonsense cannot spoil the graph", async () => {
  const labels = [...relations.kinds.flatMap(({ roles }) => roles.map((role) => role.any)), "wife", "mother", "husband", "arch-enemy", ""];
  const spoiler: Writer = ({ schema, facts, random }) => {
    const { people, newcomers } = facts[0] as { people: { name: string }[]; newcomers?: { name: string }[] };
    const all = [...people, ...(newcomers ?? [])].map(({ name }) => name);
    const tie = () => ({ other: random.pick([...all, "Nobody Known"]), relationship: random.pick(labels), description: random.pick(["", "x".repeat(500), "Met at sea"]) });
    if (schema === "graph-links") return { links: Array.from({ length: 9 }, () => ({ person: random.pick(all), ...tie() })) };
    return { members: (newcomers ?? []).filter(() => random.chance(0.8)).map(({ name }) => ({ name, persona: random.pick(["", "y".repeat(900), "A person who likes rain."]), relations: Array.from({ length: random.int(0, 3) }, tie) })) };
  };
  const communities = await grow(60, 12, spoiler);
  for (const community of communities) {
    expect(validate(community), JSON.stringify(validate.errors)).toBe(true);
    expect(faultsOf(community)).toEqual([]);
  }
});

test("a model that says nothing still leaves a connected community", async () => {
  for (const community of await grow(10, 8, () => undefined)) expect(faultsOf(community)).toEqual([]);
});

test("too few personas are refused with what to raise", async () => {
  await expect(grow(200, 10)).rejects.toThrow(/200 communities need 600 personas, there are 400: raise params.personas/);
});

describe("the community refuses", () => {
  const member = (name: string, age: number, gender: Gender = "female"): Member => ({ name, age, gender, profession: "nurse", working: true, single: false });
  const kind = (id: string) => relations.kinds.find((entry) => entry.id === id)!;
  const of = (...members: Member[]): Community => {
    const community = new Community(relations);
    community.members.push(...members);
    return community;
  };
  const link = (id: string, first: number, second: number) => ({ kind: kind(id), first, second, story: "A story" });

  test("a parent younger than the child", () => {
    expect(of(member("Ada", 30), member("Bea", 50)).add(link("parent", 0, 1))).toMatch(/ages 30 and 50/);
  });

  test("siblings who marry, and spouses who become siblings", () => {
    const community = of(member("Ada", 40), member("Ben", 42, "male"));
    expect(community.add(link("sibling", 0, 1))).toBeUndefined();
    expect(community.add(link("spouse", 0, 1))).toMatch(/related already/);
  });

  test("a second spouse", () => {
    const community = of(member("Ada", 40), member("Ben", 42, "male"), member("Cem", 41, "male"));
    community.add(link("spouse", 0, 1));
    expect(community.add(link("spouse", 0, 2))).toMatch(/shares a home/);
  });

  test("a spouse for somebody whose life leaves no room for one", () => {
    const community = of({ ...member("Ada", 40), single: true }, member("Ben", 42, "male"));
    expect(community.add(link("spouse", 0, 1))).toMatch(/Ada shares no home/);
    expect(community.add(link("friend", 0, 1))).toBeUndefined();
  });

  test("a third parent, also one by marriage", () => {
    const community = of(member("Ada", 60), member("Ben", 62, "male"), member("Cleo", 30), member("Dan", 61, "male"));
    community.add(link("parent", 0, 2));
    community.add(link("parent", 1, 2));
    expect(community.add(link("parent", 3, 2))).toMatch(/two parents/);
    expect(community.add(link("spouse", 0, 3))).toMatch(/two parents/);
    expect(community.links).toHaveLength(2);
  });

  test("a service by somebody of another trade", () => {
    expect(of(member("Ada", 40), member("Bea", 40)).add(link("doctor", 0, 1))).toMatch(/offers no such service/);
  });

  test("a sibling too young for the shared mother", () => {
    const community = of(member("Ada", 60), member("Bea", 40), member("Cleo", 52));
    community.add(link("parent", 0, 1));
    expect(community.add(link("sibling", 1, 2))).toMatch(/ages 60 and 52/);
  });

  test("and completes a family: a sister's mother is a mother, her daughter a niece", () => {
    const community = of(member("Ada", 70), member("Bea", 48), member("Cleo", 45), member("Dora", 20));
    community.add(link("parent", 0, 1));
    community.add(link("parent", 1, 3));
    expect(community.between(0, 3)?.kind.id).toBe("grandparent");
    community.add(link("sibling", 1, 2));
    expect(community.between(0, 2)).toMatchObject({ kind: { id: "parent" }, first: 0 });
    expect(community.between(2, 3)).toMatchObject({ kind: { id: "aunt" }, first: 2 });
    expect(community.faults()).toEqual([]);
  });
});
