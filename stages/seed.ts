import { defineStage } from "daguerre";
import type { Model, Prompt, Random } from "daguerre";
import { drawBlocks, professionDraw } from "./people/components.ts";
import type { Blocks, Components } from "./people/components.ts";
import { NameBook } from "./people/names.ts";
import type { FullName, Names } from "./people/names.ts";
import { faults, record, repair } from "./people/persona.ts";
import type { PersonaDraft, PersonaRecord } from "./people/persona.ts";
import { tooSimilar } from "./people/similarity.ts";
import type { Comparable, SimilarityRule } from "./people/similarity.ts";

/** How the bank grows: params.bank. */
interface BankParams {
  /** Personas per round; a round's references come from finished rounds only. */
  round: number;
  references: number;
  /** References are drawn from this many newest personas. */
  look_back: number;
  /** Every so many personas the references are the hand-written ones again. */
  reset: number;
  similarity: SimilarityRule | false;
}

type Reference = Comparable & { chatting_style: string };

interface Slot {
  index: number;
  name: FullName;
  username: string | null;
  references: Reference[];
}

const REDRAWS = 6;
const SAMPLES = 2;

/**
 * Personas by the method of the Synthetic Persona Bank: weighted draws, three earlier personas shown as what to avoid, a similarity check.
 * Generated in rounds, so that the bytes do not depend on which answer comes first. Every answer is kept when it arrives: an interrupted run goes on from there.
 */
export default defineStage(async ({ files, params, prompts, models, random, log, signal }) => {
  const components = (await files["components"]!.json()) as unknown as Components;
  const names = (await files["names"]!.json()) as unknown as Names;
  const bank = params["bank"] as BankParams;
  const wanted = params["personas"] as number;
  const book = new NameBook(names, components.initial.map((persona) => persona.name));
  const writer = new Writer(components, prompts["persona"]!, models["writer"]!, random, bank.similarity);
  const personas: PersonaRecord[] = [];
  const backgrounds = new Set<string>();

  while (personas.length < wanted) {
    signal.throwIfAborted();
    const first = personas.length;
    const finished: Reference[] = [...components.initial, ...personas].slice(-bank.look_back);
    const slots = Array.from({ length: Math.min(bank.round, wanted - first) }, (_, offset): Slot => {
      const index = first + offset;
      const draw = random("slot", index);
      const pool = index % bank.reset === 0 ? components.initial : finished;
      return { index, name: book.draw(draw), username: book.username(draw), references: draw.sample(pool, bank.references) };
    });
    const drafts = await Promise.all(slots.map((slot) => writer.write(slot, slot.references, 0)));
    for (const [offset, slot] of slots.entries()) {
      // Within a round two may come out alike: the later one is drawn again, one after the other.
      let written = drafts[offset] as PersonaRecord;
      for (let redraw = REDRAWS; backgrounds.has(plain(written)) || writer.clashes(written, personas.slice(first)); redraw += REDRAWS) {
        if (redraw > 5 * REDRAWS) throw new Error(`persona ${slot.index}: every draw is too much like an earlier one; widen seeds/components.json or loosen params.bank.similarity`);
        written = await writer.write(slot, [...slot.references, ...personas.slice(first)], redraw);
      }
      backgrounds.add(plain(written));
      personas.push(written);
    }
    if (personas.length % 500 < slots.length) log(`${personas.length} of ${wanted} personas`);
  }
  return personas;
});

/** The background without the given name: two that differ in it alone are duplicates. */
function plain(persona: PersonaRecord): string {
  return persona.background.replaceAll(persona.name.split(" ")[0] ?? "", "");
}

class Writer {
  readonly #draw: (random: Random) => Blocks["profession"];
  readonly #components: Components;
  readonly #prompt: Prompt;
  readonly #model: Model;
  readonly #random: (...labels: (string | number)[]) => Random;
  readonly #rule: SimilarityRule | false;

  constructor(components: Components, prompt: Prompt, model: Model, random: (...labels: (string | number)[]) => Random, rule: SimilarityRule | false) {
    this.#draw = professionDraw(components);
    this.#components = components;
    this.#prompt = prompt;
    this.#model = model;
    this.#random = random;
    this.#rule = rule;
  }

  clashes(persona: Comparable, others: readonly Comparable[]): boolean {
    return this.#rule !== false && tooSimilar(persona, others, this.#rule) !== undefined;
  }

  /** Asks until a draft is sound: a faulty one is asked for again, then mended; one that cannot be, or is too similar, starts from a new draw. */
  async write(slot: Slot, others: readonly Reference[], from: number): Promise<PersonaRecord> {
    let last = "no answer";
    for (let redraw = from; redraw < from + REDRAWS; redraw++) {
      const blocks = drawBlocks(this.#components, this.#draw, this.#random("blocks", slot.index, redraw));
      for (let sample = 0; sample < SAMPLES; sample++) {
        const { value, model } = await this.#model.chat<PersonaDraft>({ prompt: this.#render(slot, blocks, redraw), schema: "schemas/persona-draft.schema.json", sample });
        if (value === undefined) continue;
        const found = faults(value, blocks);
        const draft = found.length === 0 ? value : sample === SAMPLES - 1 ? repair(value, blocks) : undefined;
        last = found.join("; ") || "too similar to a reference";
        if (draft === undefined) continue;
        const persona = record(slot.name, slot.username, blocks, draft, model);
        if (!this.clashes(persona, others)) return persona;
        break;
      }
    }
    throw new Error(`persona ${slot.index}: no usable draft after ${REDRAWS} draws; the last: ${last}`);
  }

  #render(slot: Slot, blocks: Blocks, redraw: number): string {
    const facts = {
      name: slot.name.name, given: slot.name.given, gender: slot.name.gender, age: blocks.age, profession: blocks.profession.value, working: blocks.profession.group !== "outside",
      life_context: blocks.life_context, traits: blocks.traits, chatting_quirk: blocks.chatting_quirk, draw: redraw,
    };
    const avoid = slot.references.map(({ background, chatting_style, traits }) => ({ background, chatting_style, traits }));
    return this.#prompt.render({ facts: JSON.stringify(facts, null, 1), avoid: JSON.stringify(avoid, null, 1) });
  }
}
