import type { Link, RelationKind } from "./relations.ts";

/** A relationship that follows from others. */
export interface Consequence {
  kind: string;
  first: number;
  second: number;
}

/**
 * What kinship implies at once: siblings share parents, grandparents, aunts, uncles and cousins; a spouse is a parent of the children; a parent's
 * parent is a grandparent, a parent's sibling an aunt or uncle, their children cousins. Applied again and again until nothing new follows.
 */
export function consequences(links: readonly Link[]): Consequence[] {
  const of = (kind: string): [number, number][] => links.filter((link) => link.kind.id === kind).map((link) => [link.first, link.second]);
  const both = (pairs: [number, number][]): [number, number][] => pairs.flatMap(([a, b]): [number, number][] => [[a, b], [b, a]]);
  const parents = of("parent"), siblings = both(of("sibling")), spouses = both(of("spouse"));
  const found: Consequence[] = [];
  const add = (kind: string, first: number, second: number): void => {
    if (first !== second) found.push({ kind, first, second });
  };
  for (const [x, y] of siblings) {
    for (const kind of ["parent", "grandparent", "aunt"]) for (const [elder, child] of of(kind)) if (child === x) add(kind, elder, y);
    for (const [a, b] of both(of("cousin"))) if (a === x) add("cousin", y, b);
    for (const [a, b] of siblings) if (a === x) add("sibling", y, b);
    for (const [parent, child] of parents) if (parent === x) add("aunt", y, child);
    for (const [p, child] of parents) for (const [q, other] of parents) if (p === x && q === y) add("cousin", child, other);
  }
  for (const [p, x] of parents) {
    for (const [q, y] of parents) {
      if (p === q) add("sibling", x, y);
      if (x === q) add("grandparent", p, y);
    }
    for (const [a, b] of spouses) if (a === p) add("parent", b, x);
  }
  return found;
}

/** Whether the link says the same as the consequence. */
export function sameAs(link: Link, kind: RelationKind, first: number, second: number, isSymmetric: boolean): boolean {
  return link.kind === kind && ((link.first === first && link.second === second) || (isSymmetric && link.first === second && link.second === first));
}
