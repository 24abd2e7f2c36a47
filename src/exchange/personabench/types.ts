import type { Evidence, ReleaseQuestion, ReleaseSession } from "../../stats/index.ts";

/** A whole release in the public PersonaBench layout. */
export interface PersonaBenchRelease {
  communities: PersonaBenchCommunity[];
}

export interface PersonaBenchCommunity {
  /** Directory, e.g. `community_0`. */
  name: string;
  index: number;
  graph?: SocialGraph;
  /** In the order of eval_info_all.json. The released runner tests the first three. */
  people: { name: string; questions: ReleaseQuestion[] }[];
  /** By rising noise. */
  levels: PersonaBenchLevel[];
}

/** Node numbers start at 1; an edge says what its source is to its target. */
export interface SocialGraph {
  nodes: { node: number; name: string; persona: string }[];
  edges: { source: number; target: number; relationship: string; description: string }[];
}

/** What one noise level adds: documents, and which of them are evidence. */
export interface PersonaBenchLevel {
  noise: number;
  /** By question id, in file order. */
  evidence: Map<string, Evidence[]>;
  /** By person, in reference order: conversations target by target, user-AI, purchases. */
  sessions: Map<string, ReleaseSession[]>;
}
