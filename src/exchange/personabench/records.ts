import { documentRecord, DOCUMENT_TYPES, questionRecord, ReleaseError, type Answer, type DocumentType, type Evidence, type ReleaseQuestion, type ReleaseSession } from "../../stats/index.ts";
import type { PersonaBenchCommunity, PersonaBenchRelease } from "./types.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Row = { id: string; [field: string]: Json };

/** The records of a build, as our own stages write them: communities once, documents and questions per noise level. */
export interface BuildRecords {
  graph: Row[];
  levels: { noise: number; documents: Row[]; questions: Row[] }[];
}

/** The records of a release. Documents and questions equal what the release pipeline's stages write. */
export function toRecords(release: PersonaBenchRelease): BuildRecords {
  const noises = [...new Set(release.communities.flatMap(({ levels }) => levels.map(({ noise }) => noise)))].sort((a, b) => a - b);
  return {
    graph: release.communities.flatMap(graphRow),
    levels: noises.map((noise) => ({
      noise,
      documents: release.communities.flatMap((community) => documentRows(community, noise)),
      questions: release.communities.flatMap((community) => questionRows(community, noise)),
    })),
  };
}

function graphRow({ name, index, graph }: PersonaBenchCommunity): Row[] {
  if (graph === undefined) return [];
  const nodes = graph.nodes.map((node) => ({ ...node, id: personId(index, node.node - 1) }));
  return [{ id: name, community: index, nodes, edges: graph.edges.map((edge) => ({ ...edge })) }];
}

function personId(community: number, person: number): string {
  return `c${String(community).padStart(3, "0")}p${String(person).padStart(3, "0")}`;
}

function documentRows({ index, people, levels }: PersonaBenchCommunity, noise: number): Row[] {
  const level = levels.find((one) => one.noise === noise);
  return people.flatMap(({ name }, person) => (level?.sessions.get(name) ?? []).map((session) => documentRecord(session, { community: index, person, owner: name })));
}

function questionRows({ index, people, levels }: PersonaBenchCommunity, noise: number): Row[] {
  const level = levels.find((one) => one.noise === noise);
  return people.flatMap(({ name, questions }, person) =>
    level?.sessions.has(name) !== true ? [] : questions.map((question) => questionRecord(question, level.evidence.get(question.id) ?? [], { community: index, person, owner: name })),
  );
}

/**
 * A release of a build's records. People are those of the graph, tested ones first as the released runner takes the first; without a graph those who have
 * documents or questions. Throws ReleaseError where a question differs between noise levels.
 */
export function fromRecords({ graph, levels }: BuildRecords): PersonaBenchRelease {
  const indices = [...new Set(levels.flatMap(({ documents, questions }) => [...documents, ...questions].map((row) => Number(row["community"]))))].sort((a, b) => a - b);
  return { communities: indices.map((index) => community(index, graph.find((row) => Number(row["community"]) === index), levels)) };
}

function community(index: number, graphRow: Row | undefined, levels: BuildRecords["levels"]): PersonaBenchCommunity {
  const names = new Map<number, string>();
  const nodes = (graphRow?.["nodes"] ?? []) as { node: number; name: string; persona: string }[];
  for (const { node, name } of nodes) names.set(node - 1, name);
  const questions = new Map<number, Map<string, ReleaseQuestion>>();
  const tested = new Set<number>();
  const ours = levels.map(({ noise, documents, questions: asked }) => {
    const here = { noise, documents: documents.filter((row) => row["community"] === index), questions: asked.filter((row) => row["community"] === index) };
    for (const row of [...here.documents, ...here.questions]) {
      const person = Number(row["person"]);
      tested.add(person);
      names.set(person, String(row["owner"]));
    }
    for (const row of here.questions) collect(questions, row);
    return here;
  });
  const order = [...names.keys()].sort((a, b) => Number(tested.has(b)) - Number(tested.has(a)) || a - b);
  const edges = (graphRow?.["edges"] ?? []) as { source: number; target: number; relationship: string; description?: string }[];
  return {
    name: `community_${index}`,
    index,
    ...(graphRow === undefined
      ? {}
      : {
          graph: {
            nodes: nodes.map(({ node, name, persona }) => ({ node, name, persona })),
            edges: edges.map(({ source, target, relationship, description }) => ({ source, target, relationship, description: description ?? "" })),
          },
        }),
    people: order.map((person) => ({ name: names.get(person) ?? "", questions: [...(questions.get(person)?.values() ?? [])] })),
    levels: ours.map(({ noise, documents, questions: asked }) => ({
      noise,
      evidence: new Map(order.flatMap((person) => asked.filter((row) => row["person"] === person).map((row) => [row.id, row["evidence"] as unknown as Evidence[]] as const))),
      sessions: new Map(order.filter((person) => tested.has(person)).map((person) => [names.get(person) ?? "", documents.filter((row) => row["person"] === person).map(session)] as const)),
    })),
  };
}

function collect(questions: Map<number, Map<string, ReleaseQuestion>>, row: Row): void {
  const person = Number(row["person"]);
  const own = questions.get(person) ?? new Map<string, ReleaseQuestion>();
  questions.set(person, own);
  const question: ReleaseQuestion = {
    id: row.id, person, owner: String(row["owner"]), question: String(row["question"]), answer: row["answer"] as Answer,
    type: String(row["type"]), difficulty: String(row["difficulty"]), outdated_value: (row["outdated_value"] ?? null) as Answer,
  };
  const known = own.get(row.id);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(question)) {
    throw new ReleaseError(`question ${row.id} is not the same at every noise level, and this format has it once`);
  }
  own.set(row.id, question);
}

function session(row: Row): ReleaseSession {
  const type = DOCUMENT_TYPES.find((one): one is DocumentType => one === row["type"]);
  if (type === undefined) throw new ReleaseError(`document ${row.id} is of type ${JSON.stringify(row["type"])}; this format knows ${DOCUMENT_TYPES.join(", ")}`);
  const target = row["target_name"];
  return {
    id: row.id, type, session: String(row["session"]), time: String(row["time"]), ...(typeof target === "string" ? { target_name: target } : {}),
    content: row[type] as unknown[], text: String(row["text"]),
  };
}
