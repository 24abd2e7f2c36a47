/**
 * What the owners of the documents ask about themselves and the people around them (paper, section 4), with gold answers and, at one noise level, the
 * sessions that give each part of an answer. Questions and their ids are the same at every level; segment ids are not.
 */
import { defineStage, type JsonRecord } from "daguerre";
import { askAll } from "./sessions/ask.ts";
import { Evidence } from "./sessions/evidence.ts";
import { readPerson, type Person } from "./sessions/person.ts";
import { readTaxonomy } from "./sessions/taxonomy.ts";

export default defineStage(async ({ needs, files, random }) => {
  const { profile, documents } = needs;
  const { taxonomy: taxonomyFile } = files;
  if (profile === undefined || documents === undefined || taxonomyFile === undefined) throw new Error("questions needs profile, documents and the file taxonomy");
  const taxonomy = await readTaxonomy(taxonomyFile);
  const people = new Map<string, Person>();
  for await (const record of profile.records()) people.set(record.id, readPerson(record));
  const sessions = new Map<string, JsonRecord[]>();
  for await (const record of documents.records()) {
    const owner = `${String(record["community"])}/${String(record["person"])}`;
    // The text is not needed, and there may be a lot of it.
    const slim: JsonRecord = { id: record.id, truth: record["truth"] ?? null };
    const own = sessions.get(owner);
    if (own === undefined) sessions.set(owner, [slim]);
    else own.push(slim);
  }
  return [...people.values()].flatMap((owner) => {
    const own = sessions.get(`${String(owner.community)}/${String(owner.person)}`);
    if (own === undefined) return [];
    const others = new Map(owner.relations.flatMap(({ person }): [string, Person][] => { const other = people.get(person); return other === undefined ? [] : [[person, other]]; }));
    return askAll(owner, others, taxonomy, new Evidence(own), random).map((asked, index) => ({
      id: [owner.community, owner.person, index].map((n) => String(n).padStart(3, "0")).join(""),
      community: owner.community, person: owner.person, owner: owner.name, ...asked,
    }));
  });
});
