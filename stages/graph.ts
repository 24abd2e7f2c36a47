import { defineStage } from "daguerre";
import type { JsonRecord, Random } from "daguerre";
import { drawBlocks, professionDraw } from "./people/components.ts";
import type { Components } from "./people/components.ts";
import { NameBook } from "./people/names.ts";
import type { Names } from "./people/names.ts";
import type { PersonaRecord } from "./people/persona.ts";
import { communityRecord } from "./people/record.ts";
import { Grower } from "./people/grower.ts";
import type { Slot } from "./people/grower.ts";
import type { Relations } from "./people/relations.ts";

/** Personas a community grows from (PersonaBench, section 3.2). */
const STARTERS = 3;
/** Relationships per person: 22 directed edges among 10 people in the public release. */
const LINKS_PER_PERSON = 1.1;
/**
 * Communities: three personas of the bank are linked, then others join one by one (PersonaBench, section 3.2). The model proposes people and
 * relationships, `Community` refuses what contradicts, and what is missing is added from seeds/relations.json, so that the graph is connected,
 * typed, symmetric and consistent whatever the model says.
 */
export default defineStage(async ({ needs, files, params, prompts, models, random, log }) => {
  const components = (await files["components"]!.json()) as unknown as Components;
  const relations = (await files["relations"]!.json()) as unknown as Relations;
  const names = (await files["names"]!.json()) as unknown as Names;
  const bank = (await needs["seed"]!.all()) as unknown as PersonaRecord[];
  const communities = params["communities"] as number, people = params["people"] as number, tested = params["tested"] as number;
  if (people < STARTERS) throw new Error(`params.people is ${people}, a community grows from ${STARTERS}`);
  if (bank.length < communities * STARTERS) throw new Error(`${communities} communities need ${communities * STARTERS} personas, there are ${bank.length}: raise params.personas`);

  const starters = chooseStarters(bank, communities, random("starters"));
  const book = new NameBook(names, bank.map((persona) => persona.name));
  const draw = professionDraw(components);
  // Names are unique across communities, so they are drawn before anybody is asked.
  const groups = Array.from({ length: communities }, (_, index) => {
    const own = starters[index] as PersonaRecord[];
    const given = new Set(own.map(givenName));
    const slots = Array.from({ length: people - STARTERS }, (_, offset): Slot => {
      const rng = random("slot", index, offset);
      let full = book.draw(rng);
      while (given.has(full.given)) full = book.draw(rng);
      given.add(full.given);
      return { full, blocks: drawBlocks(components, draw, rng) };
    });
    return { own, slots };
  });
  const taken = new Set([...bank.map((persona) => persona.name), ...groups.flatMap(({ slots }) => slots.map((slot) => slot.full.name))]);
  return Promise.all(groups.map(async ({ own, slots }, index): Promise<JsonRecord> => {
    const grower = new Grower(components, relations, prompts, models["writer"]!, taken, (...labels) => random("community", index, ...labels));
    await grower.link(own);
    await grower.join(slots);
    grower.thicken(Math.ceil(people * LINKS_PER_PERSON), Math.min(tested, people));
    const faults = grower.community.faults();
    if (faults.length > 0) throw new Error(`community_${index}: ${faults.join("; ")}`);
    log(`community_${index}: ${people} people, ${grower.community.links.length} relationships, ${grower.corrected} proposals corrected`);
    return communityRecord(index, grower.community);
  }));
});

/** Three personas per community, each used once, no two of a community with the same given name. */
function chooseStarters(bank: readonly PersonaRecord[], communities: number, random: Random): PersonaRecord[][] {
  const left = random.shuffle(bank);
  return Array.from({ length: communities }, () => {
    const own: PersonaRecord[] = [];
    while (own.length < STARTERS) {
      const next = left.findIndex((persona) => !own.some((other) => givenName(other) === givenName(persona)));
      if (next < 0) throw new Error("too few personas with different given names: raise params.personas");
      own.push(...left.splice(next, 1));
    }
    return own;
  });
}

function givenName(persona: PersonaRecord): string {
  return persona.name.split(" ")[0] ?? persona.name;
}
