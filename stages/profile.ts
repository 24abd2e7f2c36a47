import { defineStage } from "daguerre";
import type { JsonRecord } from "daguerre";
import type { Components } from "./people/components.ts";
import { Deriver } from "./people/derive.ts";
import { Grounding } from "./people/ground.ts";
import { Profiler } from "./people/profiler.ts";
import type { Template } from "./people/profiler.ts";
import type { CommunityRecord, GraphNode } from "./people/record.ts";
import type { Relations } from "./people/relations.ts";
import type { Taxonomy } from "./people/taxonomy.ts";
import { tiesOf } from "./people/ties.ts";
import type { Places, Work } from "./people/world.ts";

interface Relation {
  person: string;
  name: string;
  relationship: string;
}

/**
 * Profiles of a community's people, one record each: first what the graph has in common for several of them, then the rest person by person
 * (PersonaBench, section 3.3). The model chooses, the code keeps every value in the form of seeds/taxonomy.json and consistent with graph, age and profession.
 */
export default defineStage(async ({ item, files, params, prompts, models, random, log }) => {
  const community = item as unknown as CommunityRecord;
  const read = async <T>(name: string): Promise<T> => (await files[name]!.json()) as unknown as T;
  const taxonomy = await read<Taxonomy>("taxonomy"), places = await read<Places>("places"), work = await read<Work>("work");
  const relations = await read<Relations>("relations"), components = await read<Components>("components");
  const writer = models["writer"]!;

  const grounding = new Grounding(community, tiesOf(community, relations), components, places, work, taxonomy.categories, random);
  if (grounding.common.length > 0) {
    const facts = { groups: grounding.common.map(({ id, category, members, options }) => ({ id, what: labelOf(taxonomy, category), members: members.map((member) => summary(community.nodes[member] as GraphNode)), options })) };
    const { value } = await writer.chat<{ choices: { id: string; value: string }[] }>({ prompt: prompts["social"]!.render({ facts: JSON.stringify(facts, null, 1) }), schema: "schemas/profile-social.schema.json" });
    grounding.settle(value?.choices ?? []);
  }

  const deriver = new Deriver(grounding, places, work, random);
  const profiler = new Profiler(taxonomy, (params["profile"] as { categories: number }).categories, random);
  const templates = community.nodes.map((node, person) => profiler.template(node, grounding.grounds[person]!, deriver, random("person", person)));
  const records = await Promise.all(community.nodes.map(async (node, person): Promise<JsonRecord> => {
    const template = templates[person] as Template;
    const facts = {
      person: { ...summary(node), background: node.background, traits: node.traits },
      settled: Object.fromEntries([...template.fixed].map(([id, value]) => [labelOf(taxonomy, id), value])),
      template: template.open.map(({ category, count, options, words }) => ({ category: category.id, what: category.label, kind: category.kind, entries: count, options, ...(words.length === 0 ? {} : { never: words }) })),
    };
    const { value } = await writer.chat<{ attributes: { category: string; entries: string[] }[] }>({ prompt: prompts["profile"]!.render({ facts: JSON.stringify(facts, null, 1) }), schema: "schemas/profile-draft.schema.json" });
    const chosen = new Map((value?.attributes ?? []).map(({ category, entries }) => [category, entries]));
    const own = relationsOf(community, node);
    return {
      id: node.id, community: community.community, person, name: node.name, age: node.age, gender: node.gender, persona: node.persona, background: node.background,
      tested: person < (params["tested"] as number),
      attributes: { ...profiler.complete(template, chosen, node, grounding.grounds[person]!), ...socialAttributes(own) },
      relations: own.map((relation) => ({ ...relation })),
    };
  }));
  log(`${community.id}: ${records.length} profiles`);
  return records;
});

/** What the others are to a person: the labels on the edges that lead to them, in order of the others' nodes. */
function relationsOf(community: CommunityRecord, node: GraphNode): Relation[] {
  return community.edges.filter((edge) => edge.target === node.node).sort((a, b) => a.source - b.source).map((edge) => {
    const other = community.nodes[edge.source - 1] as GraphNode;
    return { person: other.id, name: other.name, relationship: edge.relationship };
  });
}

/** Social_relationship.<label>: a name, or the names where several people are the same to somebody. */
function socialAttributes(own: readonly Relation[]): Record<string, string | string[]> {
  const names = new Map<string, string[]>();
  for (const { relationship, name } of own) names.set(relationship, [...(names.get(relationship) ?? []), name]);
  return Object.fromEntries([...names].map(([label, who]) => [`Social_relationship.${label.replaceAll(" ", "_")}`, who.length === 1 ? who[0] as string : who]));
}

function summary({ name, age, gender, profession, persona }: GraphNode): { name: string; age: number; gender: string; profession: string; persona: string } {
  return { name, age, gender, profession, persona };
}

function labelOf(taxonomy: Taxonomy, id: string): string {
  return taxonomy.categories.find((category) => category.id === id)?.label ?? id;
}
