import type { Random } from "daguerre";
import { Deck } from "./deal.ts";
import { isOwnJob } from "./derive.ts";
import type { Deriver } from "./derive.ts";
import type { Ground } from "./ground.ts";
import type { GraphNode } from "./record.ts";
import type { AttributeValue, Category, ObjectValue, Taxonomy } from "./taxonomy.ts";
import { forbidden, permitted, permittedObjects, valueOf } from "./values.ts";

/** Categories that decide what others may hold; dealt before them, never left to the model. */
const DECISIVE = new Set(["diet", "allergy"]);

/** A category that is left to the model, with suggestions dealt to this person alone. */
export interface Open {
  category: Category;
  count: number;
  options: string[];
  words: string[];
}

/** One person's template: what is settled, and what is to be chosen. */
export interface Template {
  fixed: Map<string, AttributeValue>;
  open: Open[];
}

/** Makes the templates of a community's people, in their order, so that suggestions are dealt without repeats. */
export class Profiler {
  readonly #taxonomy: Taxonomy;
  readonly #decks: Map<string, Deck<string>>;
  readonly #most: number;

  /** `most`: categories a person has at most (48 in the paper). */
  constructor(taxonomy: Taxonomy, most: number, random: (...labels: (string | number)[]) => Random) {
    this.#taxonomy = taxonomy;
    this.#most = most;
    this.#decks = new Map(taxonomy.categories.map(({ id, pool }) => [id, new Deck(pool, random("pool", id))]));
  }

  template(node: GraphNode, ground: Ground, deriver: Deriver, random: Random): Template {
    const derived = deriver.derive(node, ground, random);
    const present = this.#present(derived, ground, random);
    const fixed = new Map<string, AttributeValue>();
    for (const category of present.filter(({ id }) => DECISIVE.has(id))) {
      const value = this.#decks.get(category.id)?.one((entry) => permitted(entry, forbidden(this.#taxonomy.conflicts, category.id, Object.fromEntries(fixed))));
      if (value !== undefined) fixed.set(category.id, value);
    }
    const open: Open[] = [];
    for (const category of present) {
      if (fixed.has(category.id)) continue;
      const words = forbidden(this.#taxonomy.conflicts, category.id, Object.fromEntries(fixed));
      const known = knownValue(derived, category, ground);
      if (known !== undefined && category.id !== "organization") {
        const value = Array.isArray(known) && typeof known[0] === "object" ? permittedObjects(known as ObjectValue[], words) : known;
        if (value !== undefined) fixed.set(category.id, value);
        continue;
      }
      const [least, most] = category.count;
      const count = most === 5 && random.chance(0.5) ? 5 : random.int(least, most);
      const shared = Array.isArray(known) ? (known as string[]) : [];
      const fits = (entry: string): boolean => permitted(entry, words) && !isOwnJob(entry, node.profession) && !shared.includes(entry);
      const options = [...shared, ...(this.#decks.get(category.id)?.deal(Math.max(0, count + 1 - shared.length), fits) ?? [])];
      if (options.length > 0) open.push({ category, count: Math.min(count, options.length), options, words });
    }
    return { fixed, open };
  }

  /** Completes a template with what the model chose; every open category gets a value in its form. */
  complete(template: Template, chosen: ReadonlyMap<string, readonly string[]>, node: GraphNode, ground: Ground): Record<string, AttributeValue> {
    const attributes: Record<string, AttributeValue> = {};
    const paths = new Map(this.#taxonomy.categories.map(({ id, path }) => [id, path]));
    for (const [id, value] of template.fixed) attributes[paths.get(id) as string] = value;
    for (const { category, count, options, words } of template.open) {
      const shared = ground.values[category.id];
      const first = Array.isArray(shared) ? shared : [];
      const usable = (entry: string): boolean => permitted(entry, words) && !isOwnJob(entry, node.profession) && !entry.includes(node.name);
      const value = valueOf(category, [...first, ...(chosen.get(category.id) ?? [])], options, Math.max(count, first.length), usable);
      if (value !== undefined) attributes[category.path] = value;
    }
    return attributes;
  }

  /** The categories a person has, in the order of the taxonomy: by presence, with what the graph settles always in, at most as many as allowed. */
  #present(derived: Readonly<Record<string, AttributeValue | undefined>>, ground: Ground, random: Random): Category[] {
    const shared = new Set(["employer", "organization"].filter((id) => ground.values[id] !== undefined));
    const present = this.#taxonomy.categories.filter((category) => {
      const drawn = random.chance(category.presence);
      if (category.derived !== null && category.pool.length === 0 && knownValue(derived, category, ground) === undefined) return false;
      return drawn || shared.has(category.id);
    });
    const optional = present.filter((category) => category.presence < 1 && !shared.has(category.id));
    const dropped = new Set(random.sample(optional, Math.max(0, present.length - this.#most)));
    return present.filter((category) => !dropped.has(category));
  }
}

function knownValue(derived: Readonly<Record<string, AttributeValue | undefined>>, category: Category, ground: Ground): AttributeValue | undefined {
  if (category.pool.length > 0) return ground.values[category.id];
  return category.derived === null ? undefined : derived[category.derived];
}
