import type { JsonRecord } from "daguerre";
import type { Community } from "./community.ts";
import type { Gender } from "./names.ts";
import type { Member } from "./relations.ts";
import { roleLabel } from "./relations.ts";

/** A member of a community with a persona. */
export interface Person extends Member {
  /** One sentence. */
  persona: string;
  background: string;
  traits: string[];
  life_context: string;
  /** Id of the persona it was made from. */
  seed: string | null;
}

/** A node of graph.jsonl. */
export interface GraphNode {
  node: number;
  id: string;
  name: string;
  age: number;
  gender: Gender;
  profession: string;
  life_context: string;
  persona: string;
  background: string;
  traits: string[];
  seed: string | null;
}

/** A directed edge of graph.jsonl: `relationship` is what `source` plays for `target`. Nodes count from 1. */
export interface GraphEdge {
  source: number;
  target: number;
  relationship: string;
  description: string;
}

export type CommunityRecord = { id: string; community: number; nodes: GraphNode[]; edges: GraphEdge[] };

/** "c000p000": community and person, both from 0. */
export function personId(community: number, person: number): string {
  return `c${String(community).padStart(3, "0")}p${String(person).padStart(3, "0")}`;
}

/** The first sentence of a background. */
export function personaSentence(background: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(background)?.[0] ?? background;
}

/** The record of a community; every edge has its reverse, edges are sorted by source, then target. */
export function communityRecord(community: number, graph: Community<Person>): JsonRecord {
  const nodes: GraphNode[] = graph.members.map(({ name, age, gender, profession, life_context, persona, background, traits, seed }, index) => ({
    node: index + 1, id: personId(community, index), name, age, gender, profession, life_context, persona, background, traits: [...traits], seed,
  }));
  const edges = graph.links.flatMap((link) => [[link.first, link.second], [link.second, link.first]].map(([source = 0, target = 0]): GraphEdge => ({
    source: source + 1, target: target + 1, relationship: roleLabel(link, source, graph.members[source]?.gender ?? "any"), description: `${link.story}.`,
  })));
  edges.sort((a, b) => a.source - b.source || a.target - b.target);
  return { id: `community_${community}`, community, nodes, edges } as unknown as JsonRecord;
}
