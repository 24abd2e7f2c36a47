/**
 * A data check of a benchmark, ours or a public release: leaks in noise, answers without support, evidence not listed, relationships, ids, volumes,
 * labels, updates, repetitions. What can only be known from profiles and plans is checked where they are.
 */
import { defineStage, type JsonRecord, type Need } from "daguerre";
import { checkDuplicates } from "./audit/duplicates.ts";
import { checkEvidence } from "./audit/evidence.ts";
import { checkIds, checkNesting } from "./audit/ids.ts";
import { dossiers, type Dossier, type Finding } from "./audit/material.ts";
import { checkGraph, checkProfiles, readGraph, readInverses, type Graph } from "./audit/relations.ts";
import { checkQuestions } from "./audit/answers.ts";
import { checkUpdates } from "./audit/updates.ts";
import { countText, severityOf, summarise } from "./audit/summary.ts";
import { secretsOf, type Secret } from "./sessions/secrets.ts";
import { readPerson, type Person } from "./sessions/person.ts";
import { readCommunities } from "./release/community.ts";

export default defineStage(async ({ needs, files, log }) => {
  const { documents, questions } = needs;
  // A release has neither profiles nor graph records: reading what is not declared is an error.
  const profile = declared(needs, "profile"), graph = declared(needs, "graph");
  if (documents === undefined || questions === undefined) throw new Error("audit needs documents and questions");
  const profiles = (await profile?.all()) ?? [];
  const people = new Map(profiles.map((record) => [record.id, readPerson(record)]));
  const findings: Finding[] = [];
  const byPerson = new Map<string, Dossier[]>();
  const levels: number[] = [];
  let sessionCount = 0;

  for (const cell of documents.cells()) {
    const noise = Number(cell.axis["noise"]);
    levels.push(noise);
    const asked = questions.cells().find(({ axis }) => Number(axis["noise"]) === noise);
    for (const dossier of dossiers(noise, await cell.all(), (await asked?.all()) ?? [])) {
      const key = `${String(dossier.community)}/${String(dossier.person)}`;
      byPerson.set(key, [...(byPerson.get(key) ?? []), dossier]);
      sessionCount += dossier.sessions.length;
      findings.push(...checkIds(dossier), ...checkEvidence(dossier, secretsAround(dossier, people)), ...checkUpdates(dossier), ...checkDuplicates(dossier));
    }
  }
  const first = [...byPerson.values()].flatMap((list) => list.slice(0, 1));
  for (const dossier of first) findings.push(...checkQuestions(dossier));
  for (const list of byPerson.values()) findings.push(...checkNesting(list));

  const graphs = await readGraphs(graph, files, levels[0] ?? 0);
  const table = declared(files, "relations");
  const inverses = table === undefined ? new Map<string, Set<string>>() : readInverses(await table.json());
  for (const community of graphs) findings.push(...checkGraph(community, inverses, first));
  findings.push(...checkProfiles(profiles, graphs));

  log(countText(findings));
  const questionCount = first.reduce((sum, dossier) => sum + dossier.questions.length, 0);
  const lines = findings.map((finding) => ({ severity: severityOf(finding.check), ...finding })).sort((a, b) => (a.severity === b.severity ? 0 : a.severity === "error" ? -1 : 1));
  return { "findings.jsonl": lines as unknown as JsonRecord[], "summary.md": summarise(findings, levels, first.length, sessionCount, questionCount) };
});

function declared<T>(context: Record<string, T>, name: string): T | undefined {
  return Object.keys(context).includes(name) ? context[name] : undefined;
}

/** What noise must not give away: the values of the owner and of everybody the owner is related to. */
function secretsAround(dossier: Dossier, people: ReadonlyMap<string, Person>): Secret[] {
  const owner = [...people.values()].find(({ community, person }) => community === dossier.community && person === dossier.person);
  return owner === undefined ? [] : secretsOf([owner, ...owner.relations.flatMap(({ person }) => people.get(person) ?? [])]);
}

async function readGraphs(need: Need | undefined, files: Parameters<Parameters<typeof defineStage>[0]>[0]["files"], noise: number): Promise<Graph[]> {
  if (need !== undefined) return (await need.all()).map((record) => readGraph(Number(record["community"]), record));
  const release = declared(files, "release");
  if (release === undefined) return [];
  const graphs: Graph[] = [];
  for await (const { community } of readCommunities(release, noise)) {
    const all = release.names.filter((file) => file.endsWith("graph_json/social_graph.json"));
    const name = all.length === 1 ? all[0] : all.find((file) => file.endsWith(`${community.name}/graph_json/social_graph.json`));
    if (name !== undefined) graphs.push(readGraph(community.index, await release.json(name)));
  }
  return graphs;
}
