import type { Model, Prompt, Random } from "daguerre";
import { Community } from "./community.ts";
import { lifeContext } from "./components.ts";
import type { Blocks, Components } from "./components.ts";
import type { FullName } from "./names.ts";
import type { PersonaRecord } from "./persona.ts";
import { candidates, fittingAge, settle } from "./proposal.ts";
import type { Proposal } from "./proposal.ts";
import { personaSentence } from "./record.ts";
import type { Person } from "./record.ts";
import { findLabel } from "./relations.ts";
import type { Relations } from "./relations.ts";

/** People asked for in one call. */
const BATCH = 7;
/** Direct acquaintances a tested person has at least, where the community is large enough. */
const ACQUAINTANCES = 3;

/** Somebody to come: a name and the building blocks. */
export interface Slot {
  full: FullName;
  blocks: Blocks;
}

interface MemberDraft {
  name: string;
  persona: string;
  relations: { other: string; relationship: string; description: string }[];
}

/** Grows one community: links its first people, lets others join, and adds relationships until there are enough. */
export class Grower {
  readonly community: Community<Person>;
  /** Proposals that contradicted what was known. */
  corrected = 0;
  readonly #components: Components;
  readonly #relations: Relations;
  readonly #prompts: Record<string, Prompt>;
  readonly #model: Model;
  readonly #random: (...labels: (string | number)[]) => Random;
  readonly #taken: ReadonlySet<string>;
  /** People by the name they were announced under. */
  readonly #index = new Map<string, number>();

  /** `taken`: full names nobody may get by joining a family. */
  constructor(components: Components, relations: Relations, prompts: Record<string, Prompt>, model: Model, taken: ReadonlySet<string>, random: (...labels: (string | number)[]) => Random) {
    this.community = new Community<Person>(relations);
    this.#components = components;
    this.#relations = relations;
    this.#prompts = prompts;
    this.#model = model;
    this.#taken = taken;
    this.#random = random;
  }

  /** The three personas, and how they know each other: the model may leave pairs strangers. */
  async link(own: readonly PersonaRecord[]): Promise<void> {
    for (const persona of own) {
      const working = this.#components.professions.find((profession) => profession.value === persona.profession)?.group !== "outside";
      this.#index.set(persona.name, this.community.members.length);
      this.community.members.push({
        name: persona.name, gender: persona.gender as Person["gender"], age: persona.age, profession: persona.profession, working,
        single: this.#single(persona.life_context), life_context: persona.life_context,
        persona: personaSentence(persona.background), background: persona.background, traits: persona.traits, seed: persona.id,
      });
    }
    const facts = { task: "link", relationships: this.#vocabulary(), people: this.#people() };
    const { value } = await this.#model.chat<{ links: Proposal[] }>({ prompt: this.#prompts["graph"]!.render({ facts: JSON.stringify(facts, null, 1) }), schema: "schemas/graph-links.schema.json" });
    for (const proposal of value?.links ?? []) {
      const person = this.#find(proposal.person), other = this.#find(proposal.other);
      if (person === undefined || other === undefined || person === other || this.community.between(person, other) !== undefined) continue;
      this.#settle([person, other], proposal);
    }
  }

  /** Newcomers in batches; each is tied to the community by what the model proposes, or else by what fits. */
  async join(slots: readonly Slot[]): Promise<void> {
    for (let start = 0; start < slots.length; start += BATCH) {
      const batch = slots.slice(start, start + BATCH);
      const newcomers = batch.map(({ full, blocks }) => ({
        name: full.name, gender: full.gender, age: blocks.age, ages: [blocks.profession.min_age, blocks.profession.max_age], profession: blocks.profession.value,
        working: blocks.profession.group !== "outside", single: this.#single(blocks.life_context), life_context: blocks.life_context, trait: blocks.traits[0] ?? "",
      }));
      const facts = { task: "join", relationships: this.#vocabulary(), people: this.#people(), newcomers };
      const { value } = await this.#model.chat<{ members: MemberDraft[] }>({ prompt: this.#prompts["expand"]!.render({ facts: JSON.stringify(facts, null, 1) }), schema: "schemas/graph-members.schema.json" });
      for (const slot of batch) this.#admit(slot, value?.members.find((member) => member.name === slot.full.name));
    }
  }

  #admit(slot: Slot, draft: MemberDraft | undefined): void {
    const { full, blocks } = slot;
    const { profession } = blocks;
    const random = this.#random("admit", full.name);
    const written = draft?.persona.replace(/\s+/g, " ").trim() ?? "";
    const persona = written.length >= 15 && written.length <= 240 ? written : `A ${blocks.traits[0]} ${profession.value} who ${blocks.life_context}.`;
    const self: Person = { name: full.name, gender: full.gender, age: blocks.age, profession: profession.value, working: profession.group !== "outside", single: this.#single(blocks.life_context), life_context: blocks.life_context, persona, background: persona, traits: blocks.traits.slice(0, 4), seed: null };
    const me = this.community.members.length;
    const ties = (draft?.relations ?? []).flatMap((relation) => {
      const other = this.#find(relation.other);
      return other === undefined ? [] : [{ ...relation, person: full.name, index: other }];
    });
    const main = ties[0];
    const other = main?.index ?? random.int(0, me - 1);
    const found = main === undefined ? undefined : findLabel(this.#relations, main.relationship);
    if (found !== undefined) {
      const age = fittingAge(found.kind, found.role, self, this.community.members[other] as Person, [profession.min_age, profession.max_age], random);
      if (age !== undefined) self.age = age;
    }
    this.community.members.push(self);
    this.#index.set(full.name, me);
    this.#settle([me, other], main);
    for (const tie of ties.slice(1, 2)) if (this.community.between(me, tie.index) === undefined) this.#settle([me, tie.index], tie);
    if (["spouse", "parent", "sibling"].includes(this.community.between(me, other)?.kind.id ?? "") && random.chance(0.7)) this.#takeFamilyName(self, full, other);
  }

  /** Families often share a name; never two people the same full name. */
  #takeFamilyName(self: Person, full: FullName, other: number): void {
    const family = this.community.members[other]?.name.split(" ").slice(1).join(" ") ?? full.family;
    const name = `${full.given} ${family}`;
    if (this.#taken.has(name) || this.community.members.some((member) => member.name === name)) return;
    self.name = name;
    this.#index.set(name, this.community.members.indexOf(self));
  }

  /** More relationships between strangers until all belong together and there are enough, the least connected tested people first. */
  thicken(wanted: number, tested: number): void {
    const { community } = this;
    const random = this.#random("thicken");
    for (let [reached, rest] = this.#reach(); rest.length > 0; [reached, rest] = this.#reach()) {
      const [from, to] = [random.pick(reached), random.pick(rest)];
      settle(community, this.#relations, [from, to], undefined, random);
    }
    const least = Math.min(ACQUAINTANCES, community.members.length - 1);
    for (let person = 0; person < tested; person++) {
      while (community.degree(person) < least && this.#connect(person, random));
    }
    while (community.links.length < wanted) {
      const lonely = random.shuffle(community.members.map((_, index) => index)).sort((a, b) => community.degree(a) - community.degree(b));
      if (!lonely.some((person) => this.#connect(person, random))) return;
    }
  }

  /** Who can be reached from the first person, and who cannot. */
  #reach(): [number[], number[]] {
    const reached = new Set([0]);
    for (const person of reached) {
      for (const { first, second } of this.community.links) {
        if (first === person) reached.add(second);
        if (second === person) reached.add(first);
      }
    }
    const all = this.community.members.map((_, index) => index);
    return [all.filter((index) => reached.has(index)), all.filter((index) => !reached.has(index))];
  }

  #connect(person: number, random: Random): boolean {
    const strangers = this.community.members.map((_, index) => index).filter((index) => index !== person && this.community.between(person, index) === undefined);
    for (const other of random.shuffle(strangers).sort((a, b) => this.community.degree(a) - this.community.degree(b))) {
      for (const link of candidates(this.#relations, person, other, random)) if (this.community.add(link) === undefined) return true;
    }
    return false;
  }

  #settle(pair: readonly [number, number], proposal: Proposal | undefined): void {
    if (settle(this.community, this.#relations, pair, proposal, this.#random("settle", ...pair)) !== undefined) this.corrected++;
  }

  #single(context: string): boolean {
    return lifeContext(this.#components, context)?.single ?? false;
  }

  #find(name: string): number | undefined {
    return this.#index.get(name);
  }

  #people(): { name: string; gender: string; age: number; profession: string; working: boolean; single: boolean; persona: string; relations: string[] }[] {
    return this.community.members.map(({ name, gender, age, profession, working, single, persona }, index) => ({
      name, gender, age, profession, working, single, persona,
      relations: this.community.links.filter((link) => link.first === index || link.second === index).map((link) => `${link.kind.roles[link.first === index ? 0 : 1][gender]} of ${this.community.members[link.first === index ? link.second : link.first]?.name}`),
    }));
  }

  #vocabulary(): object[] {
    return this.#relations.kinds.map(({ roles, gap, least_age, most_age, providers, working, shared_home, weight, kin, stories }) => ({
      first: roles[0], second: roles[1], first_minus_second_age: gap, least_age, most_age: most_age ?? [99, 99], ...(providers === undefined ? {} : { first_professions: providers }), in_paid_work: working ?? [false, false], shared_home: shared_home ?? false, how_often: weight, kin,
      example: stories[0],
    }));
  }
}
