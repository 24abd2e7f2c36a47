import { consequences, sameAs } from "./kinship.ts";
import type { Link, Member, RelationKind, Relations } from "./relations.ts";
import { symmetric, unfit } from "./relations.ts";

/**
 * A social graph that never holds a contradiction: `add` takes a relationship with everything that follows from it, or refuses it and says why.
 * One relationship per pair; at most one spouse and two parents; kinship closed under its consequences.
 */
export class Community<M extends Member = Member> {
  readonly members: M[] = [];
  links: Link[] = [];
  readonly #kinds: Map<string, RelationKind>;

  constructor(relations: Relations) {
    this.#kinds = new Map(relations.kinds.map((kind) => [kind.id, kind]));
  }

  between(a: number, b: number): Link | undefined {
    return this.links.find((link) => (link.first === a && link.second === b) || (link.first === b && link.second === a));
  }

  degree(person: number): number {
    return this.links.filter((link) => link.first === person || link.second === person).length;
  }

  /** Adds the relationship and its consequences; returns why not, where it contradicts what is known. Nothing changes then. */
  add(link: Link): string | undefined {
    const next = this.#with(link);
    if (typeof next === "string") return next;
    this.links = next;
    return undefined;
  }

  /** Would `add` take it? */
  allows(link: Link): boolean {
    return typeof this.#with(link) !== "string";
  }

  /** Every contradiction in the graph as it stands; empty for one that was built by `add`. */
  faults(): string[] {
    const found = this.links.flatMap((link) => this.#fault(link, this.links.filter((other) => other !== link)) ?? []);
    for (const { kind, first, second } of consequences(this.links)) {
      const known = this.between(first, second);
      const wanted = this.#kinds.get(kind) as RelationKind;
      if (known === undefined || !sameAs(known, wanted, first, second, symmetric(wanted))) found.push(`${this.#name(first)} should be ${kind} of ${this.#name(second)}`);
    }
    return found;
  }

  #with(link: Link): Link[] | string {
    if (link.kind.kin && this.#kinOf(link.first).has(link.second)) return `${this.#name(link.first)} and ${this.#name(link.second)} are related already`;
    const fault = this.#fault(link, this.links);
    if (fault !== undefined) return fault;
    const links = [...this.links, link];
    if (!link.kind.kin) return links;
    for (;;) {
      const missing = consequences(links).find(({ kind, first, second }) => {
        const known = links.find((other) => (other.first === first && other.second === second) || (other.first === second && other.second === first));
        const wanted = this.#kinds.get(kind) as RelationKind;
        return known === undefined || !sameAs(known, wanted, first, second, symmetric(wanted));
      });
      if (missing === undefined) return links;
      const kind = this.#kinds.get(missing.kind) as RelationKind;
      const implied: Link = { kind, first: missing.first, second: missing.second, story: kind.stories[(missing.first + missing.second) % kind.stories.length] as string };
      const contradiction = this.#fault(implied, links);
      if (contradiction !== undefined) return contradiction;
      links.push(implied);
    }
  }

  #fault(link: Link, links: readonly Link[]): string | undefined {
    const { kind, first, second } = link;
    const a = this.members[first], b = this.members[second];
    if (a === undefined || b === undefined || first === second) return "a relationship needs two people";
    const known = links.find((other) => (other.first === first && other.second === second) || (other.first === second && other.second === first));
    if (known !== undefined) return `${a.name} and ${b.name}: ${kind.id} contradicts ${known.kind.id}`;
    const misfit = unfit(kind, a, b);
    if (misfit !== undefined) return misfit;
    const has = (id: string, person: number): boolean => links.some((other) => other.kind.id === id && (other.first === person || other.second === person));
    if (kind.id === "spouse") for (const person of [first, second]) if (has("spouse", person) || has("flatmate", person)) return `${this.#name(person)} shares a home with somebody else`;
    if (kind.id === "flatmate") for (const person of [first, second]) if (has("spouse", person)) return `${this.#name(person)} is married`;
    if (kind.id === "parent") {
      const parents = links.filter((other) => other.kind.id === "parent" && other.second === second);
      if (parents.length >= 2) return `${b.name} has two parents`;
    }
    return undefined;
  }

  /** Everybody of the same family, by descent or marriage. */
  #kinOf(person: number): Set<number> {
    const kin = new Set([person]);
    for (const member of kin) {
      for (const link of this.links) {
        if (!link.kind.kin) continue;
        if (link.first === member) kin.add(link.second);
        if (link.second === member) kin.add(link.first);
      }
    }
    return kin;
  }

  #name(person: number): string {
    return this.members[person]?.name ?? `person ${person}`;
  }
}
