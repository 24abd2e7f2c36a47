import type { Gender } from "./names.ts";

type Labels = Record<Gender, string>;

/** A kind of relationship; seeds/relations.json says what the fields mean. */
export interface RelationKind {
  id: string;
  roles: [Labels, Labels];
  weight: number;
  kin: boolean;
  tie: "workplace" | "household" | "street" | "family" | "club" | null;
  gap: [number, number];
  least_age: [number, number];
  most_age?: [number, number];
  providers?: string[];
  working?: [boolean, boolean];
  shared_home?: boolean;
  stories: string[];
}

export interface Relations {
  kinds: RelationKind[];
}

/** What decides whether two people may stand in a relationship. */
export interface Member {
  name: string;
  gender: Gender;
  age: number;
  profession: string;
  working: boolean;
  /** Lives in a way that leaves no room for a spouse or flatmate. */
  single: boolean;
}

/** A relationship: `first` plays the first role of the kind for `second`, and is played the second. */
export interface Link {
  kind: RelationKind;
  first: number;
  second: number;
  story: string;
}

export function symmetric(kind: RelationKind): boolean {
  return kind.roles[0].any === kind.roles[1].any;
}

/** What a person plays for the other in a link. */
export function roleLabel(link: Link, person: number, gender: Gender): string {
  return link.kind.roles[person === link.first ? 0 : 1][gender];
}

/** The kind a label belongs to and which of its roles the label names; undefined for words that are no label. */
export function findLabel(relations: Relations, label: string): { kind: RelationKind; role: 0 | 1 } | undefined {
  const wanted = label.trim().toLowerCase().replaceAll("neighbour", "neighbor");
  for (const kind of relations.kinds) {
    for (const role of [0, 1] as const) if (Object.values(kind.roles[role]).includes(wanted)) return { kind, role };
  }
  return undefined;
}

/** Why the two cannot stand in this relationship by what they are; undefined where they can. */
export function unfit(kind: RelationKind, first: Member, second: Member): string | undefined {
  const gap = first.age - second.age;
  if (gap < kind.gap[0] || gap > kind.gap[1]) return `${kind.id}: ages ${first.age} and ${second.age} are ${gap} years apart, allowed are ${kind.gap[0]} to ${kind.gap[1]}`;
  for (const [role, member] of [first, second].entries()) {
    if (member.age < (kind.least_age[role] ?? 0)) return `${kind.id}: ${member.name} is too young`;
    if (member.age > (kind.most_age?.[role] ?? 200)) return `${kind.id}: ${member.name} is too old`;
    if (kind.shared_home === true && member.single) return `${kind.id}: ${member.name} shares no home`;
    if (kind.working?.[role] === true && !member.working) return `${kind.id}: ${member.name} is not in paid work`;
  }
  if (kind.providers !== undefined && !kind.providers.includes(first.profession)) return `${kind.id}: a ${first.profession} offers no such service`;
  return undefined;
}
