/**
 * The private documents of one person at one noise level (paper, section 3): conversations with graph neighbours, sessions with an AI assistant and
 * purchases. Personal sessions give away one value each and are the same at every level; noise is added, level by level, and gives away nothing.
 */
import { defineStage } from "daguerre";
import { writeSession, type Content } from "./sessions/write.ts";
import { Finder, rolesAround, secretsOf } from "./sessions/secrets.ts";
import { harmless, readCues, readMaterial } from "./sessions/material.ts";
import { planSessions } from "./sessions/plan.ts";
import { readPerson, type Person } from "./sessions/person.ts";
import { readTaxonomy } from "./sessions/taxonomy.ts";
import { sessionRecords } from "./sessions/records.ts";
import type { Setting } from "./sessions/facts.ts";

export default defineStage(async ({ item, needs, files, params, prompts, models, axis, random, signal }) => {
  const owner = readPerson(item);
  if (!owner.tested) return [];
  const { taxonomy: taxonomyFile, cues: cuesFile } = files;
  const { writer } = models;
  const profiles = needs["profile"];
  if (taxonomyFile === undefined || cuesFile === undefined || writer === undefined || profiles === undefined) throw new Error("documents needs profile, the files taxonomy and cues, and the model writer");

  const wanted = numbers(params, "questions", ["basic", "preference", "social"]);
  const share = numbers(params, "sessions", ["alternatives", "updates", "news"]);
  const others = new Map<string, Person>();
  for (const { person } of owner.relations) {
    const record = await profiles.get(person);
    if (record !== undefined) others.set(person, readPerson(record));
  }
  const taxonomy = await readTaxonomy(taxonomyFile);
  const finder = new Finder([...secretsOf([owner, ...others.values()]), ...rolesAround(owner)]);
  const setting: Setting = {
    owner, others, taxonomy, finder, cues: await readCues(cuesFile), draw: random, news: share.news,
    material: harmless(await readMaterial(files), (text) => finder.in(text).length > 0),
  };
  const asked = (path: string): boolean => taxonomy.byPath.get(path)?.asked !== false;
  const sizes = {
    ...wanted, alternatives: share.alternatives, updates: share.updates, asked,
  };
  const pools = (path: string): readonly string[] => (taxonomy.byPath.get(path)?.changes === true ? taxonomy.byPath.get(path)?.pool ?? [] : []);
  const sessions = planSessions(owner, others, sizes, pools, Number(axis["noise"]), random);
  const contents = new Map<string, Content>();
  await Promise.all(sessions.map(async (session) => {
    signal.throwIfAborted();
    contents.set(session.key, await writeSession(session, setting, prompts, writer));
  }));
  return sessionRecords(setting, sessions, contents);
});

function numbers<K extends string>(params: Record<string, unknown>, name: string, keys: readonly K[]): Record<K, number> {
  const group = params[name] as Record<string, unknown> | undefined;
  return Object.fromEntries(keys.map((key) => {
    const value = group?.[key];
    if (typeof value !== "number" || value < 0) throw new Error(`params.${name}.${key} is not a number of at least 0: ${JSON.stringify(value)}`);
    return [key, value];
  })) as Record<K, number>;
}
