import { join } from "node:path";
import {
  noiseText, parseReleaseFile, ReleaseError, releaseEvidence, releaseFile, releaseNoiseLevels, releaseQuestions,
  type Evidence, type ReleaseQuestion, type ScoredQuestion,
} from "../../stats/index.ts";
import { readText, type ReleaseFiles } from "./files.ts";

/** A question with its place in the release. */
export interface PlacedQuestion extends ScoredQuestion {
  /** `<community>/<person>`: what intervals are clustered by. */
  cluster: string;
}

/** All questions of a release by id, without evidence. Throws ReleaseError, also where two communities use one id. */
export async function readQuestions(release: ReleaseFiles): Promise<Map<string, ReleaseQuestion & { cluster: string }>> {
  const all = new Map<string, ReleaseQuestion & { cluster: string }>();
  for (const community of release.communities) {
    const file = releaseFile.evalInfo(community);
    const value = parseReleaseFile(await readText(join(release.directory, file)), file);
    for (const question of releaseQuestions(value, file)) {
      if (all.has(question.id)) throw new ReleaseError(`${file}: question ${JSON.stringify(question.id)} is already in another community`);
      all.set(question.id, { ...question, cluster: `${community.prefix}${question.person}` });
    }
  }
  return all;
}

/** The questions asked at one noise level, with their evidence, in release order. Throws ReleaseError where a community lacks the level. */
export async function questionsAt(release: ReleaseFiles, noise: number, questions: ReadonlyMap<string, ReleaseQuestion & { cluster: string }>): Promise<Map<string, PlacedQuestion>> {
  const evidence = new Map<string, Evidence[]>();
  for (const community of release.communities) {
    const file = releaseFile.evidence(community, noise);
    if (!release.names.includes(file)) {
      const levels = releaseNoiseLevels(release.names, community).map(noiseText).join(", ");
      throw new ReleaseError(`${file} is missing: ${community.name || "the community"} has noise ${levels === "" ? "levels in no file" : levels}, the results are of ${noiseText(noise)}`);
    }
    const value = parseReleaseFile(await readText(join(release.directory, file)), file);
    for (const [id, keys] of releaseEvidence(value, file)) evidence.set(id, keys);
  }
  const out = new Map<string, PlacedQuestion>();
  for (const [id, question] of questions) {
    const keys = evidence.get(id);
    if (keys !== undefined) out.set(id, { ...question, evidence: keys });
  }
  return out;
}
