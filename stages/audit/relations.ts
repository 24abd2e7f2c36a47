import type { Json, JsonRecord } from "daguerre";
import { isObject } from "../sessions/person.ts";
import type { Dossier, Finding } from "./material.ts";

/** A community's graph: people by number, and what each source is to its target. */
export interface Graph {
  community: number;
  names: Map<number, string>;
  personas: Map<number, string>;
  edges: { source: number; target: number; relationship: string; description: string }[];
}

/** Labels that go together: for each label those that may stand on the reverse edge. */
export type Inverses = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads a graph record, or the release's social_graph.json. */
export function readGraph(community: number, value: Json): Graph {
  const object = isObject(value) ? value : {};
  const nodes = (Array.isArray(object["nodes"]) ? object["nodes"] : []).filter(isObject);
  const edges = (Array.isArray(object["edges"]) ? object["edges"] : []).filter(isObject);
  const of = (entry: { [key: string]: Json }, key: string): string => {
    const properties = isObject(entry["properties"]) ? entry["properties"] : entry;
    return String(properties[key] ?? "");
  };
  return {
    community,
    names: new Map(nodes.map((node) => [Number(node["node"]), of(node, "name")])),
    personas: new Map(nodes.map((node) => [Number(node["node"]), of(node, "persona")])),
    edges: edges.map((edge) => ({ source: Number(edge["source"]), target: Number(edge["target"]), relationship: of(edge, "relationship"), description: of(edge, "description") })),
  };
}

/** Reads the table of relationships: each kind has the roles of its two sides, by gender. */
export function readInverses(value: Json): Inverses {
  const inverses = new Map<string, Set<string>>();
  const kinds = isObject(value) && Array.isArray(value["kinds"]) ? value["kinds"].filter(isObject) : [];
  for (const { roles } of kinds) {
    const [first = [], second = []] = (Array.isArray(roles) ? roles : []).map((role) => (isObject(role) ? Object.values(role).map(String) : [String(role)]));
    for (const [from, to] of [[first, second], [second, first]] as const) {
      for (const label of from) inverses.set(label, new Set([...(inverses.get(label) ?? []), ...to]));
    }
  }
  return inverses;
}

/** Reverses, labels, contradictions and the direction of every edge, and the answers that follow from a wrong one. */
export function* checkGraph(graph: Graph, inverses: Inverses, everybody: readonly Dossier[]): Generator<Finding> {
  const { community, names, personas, edges } = graph;
  // Two communities may have people of one name.
  const dossiers = everybody.filter((dossier) => dossier.community === community);
  const found = (check: string, subject: string, detail: string): Finding => ({ check, noise: null, subject: `community_${String(community)} ${subject}`, detail });
  const seen = new Map<string, string>();
  for (const { source, target, relationship, description } of edges) {
    const arrow = `${String(source)}->${String(target)}`;
    const back = edges.find((edge) => edge.source === target && edge.target === source);
    if (source === target || !names.has(source) || !names.has(target)) yield found("relation-ends", arrow, "an edge needs two people of the community");
    const before = seen.get(arrow);
    if (before !== undefined) yield found("relation-twice", arrow, `is "${before}" and "${relationship}"`);
    seen.set(arrow, relationship);
    if (back === undefined) yield found("relation-reverse", arrow, `"${relationship}" has no reverse`);
    else if (inverses.get(relationship)?.has(back.relationship) === false) yield found("relation-labels", arrow, `"${relationship}" one way and "${back.relationship}" the other`);
    if (!inverses.has(relationship)) yield found("relation-labels", arrow, `"${relationship}" is not in the table of relationships`);
    const asked = asksAbout(dossiers, names.get(target) ?? "", names.get(source) ?? "");
    for (const { id, values } of asked) {
      const other = values.find((value) => inverses.has(value) && value !== relationship);
      if (other !== undefined) yield { check: "gold-answer", noise: null, subject: id, detail: `the answer is "${other}", and edge ${arrow} says "${relationship}"` };
    }
    const told = roleInPersona(personas.get(source) ?? "", names.get(target) ?? "", inverses);
    if (told !== undefined && told !== relationship) yield found("relation-direction", arrow, `is "${relationship}", and by the persona of ${names.get(source) ?? ""} "${told}"`);
    const role = roleInText(description, names.get(source) ?? "", names.get(target) ?? "");
    if (role !== undefined && ROLES.has(relationship) && role !== relationship) {
      yield found("relation-direction", arrow, `${names.get(source) ?? ""} is "${relationship}" to ${names.get(target) ?? ""}, and by the description ("${description}") "${role}"`);
      for (const question of asked) {
        if (question.values.includes(relationship)) yield { check: "gold-answer", noise: null, subject: question.id, detail: `the answer "${relationship}" follows the edge ${arrow}, which runs the wrong way: by the description it is "${role}"` };
      }
    }
  }
}

const ROLES = new Set(["client", "service provider"]);

/** Whether a description makes the source the client or the provider; undefined where it does not say. */
function roleInText(description: string, source: string, target: string): string | undefined {
  for (const [name, mine, other] of [[source, "client", "service provider"], [target, "service provider", "client"]] as const) {
    const first = (name.split(" ")[0] ?? "").replace(/[^\p{L}]/gu, "");
    if (first === "") continue;
    const served = new RegExp(`\\b(represent\\w*|treat(s|ed)|advis\\w+|defend\\w*|counsel\\w*|serves|served) ${first}\\b|\\b${first} is (a |an |the )?([\\w-]+ )?client\\b`, "iu");
    const serving = new RegExp(`\\b(hires?|hired|employs|engages|commissions|consults) ${first}\\b|\\b${first} is (a |an |the )?([\\w-]+ )?(service )?provider\\b`, "iu");
    if (served.test(description)) return mine;
    if (serving.test(description)) return other;
  }
  return undefined;
}

/** What a persona says its person is to somebody: "Nicholas's younger brother". */
function roleInPersona(persona: string, other: string, inverses: Inverses): string | undefined {
  const first = (other.split(" ")[0] ?? "").replace(/[^\p{L}]/gu, "");
  const role = first === "" ? undefined : new RegExp(`\\b${first}['’]s (?:\\p{L}+ )?(\\p{L}+)`, "u").exec(persona)?.[1];
  return role !== undefined && inverses.has(role) ? role : undefined;
}

/** The questions of one person what another is to them. */
function asksAbout(dossiers: readonly Dossier[], asker: string, other: string): Dossier["questions"] {
  return dossiers.filter(({ owner }) => owner === asker).flatMap(({ questions }) => questions.filter(({ type, question, list }) => type === "Social" && !list && question.includes(other)));
}

/** A profile's relations against the graph: same people, and what each is to the profile's person. */
export function* checkProfiles(profiles: readonly JsonRecord[], graphs: readonly Graph[]): Generator<Finding> {
  const byId = new Map(profiles.map((profile) => [profile.id, profile]));
  for (const profile of profiles) {
    const graph = graphs.find(({ community }) => community === profile["community"]);
    const relations = (Array.isArray(profile["relations"]) ? profile["relations"] : []).filter(isObject);
    for (const { person, relationship } of relations) {
      const other = byId.get(String(person));
      const mirrored = (Array.isArray(other?.["relations"]) ? other["relations"] : []).filter(isObject).some((back) => back["person"] === profile.id);
      if (!mirrored) yield { check: "relation-reverse", noise: null, subject: profile.id, detail: `${String(person)} is "${String(relationship)}", who does not know ${profile.id}` };
      const edge = graph?.edges.find(({ source, target }) => source === Number(other?.["person"]) + 1 && target === Number(profile["person"]) + 1);
      if (graph !== undefined && edge?.relationship !== relationship) yield { check: "relation-labels", noise: null, subject: profile.id, detail: `${String(person)} is "${String(relationship)}" in the profile and "${String(edge?.relationship)}" in the graph` };
    }
  }
}
