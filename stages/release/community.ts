import type { Files } from "daguerre";
import {
  DOCUMENT_TYPES, noiseText, parseReleaseFile, releaseCommunities, ReleaseError, releaseFile, releaseNoiseLevels, releasePeople, releaseQuestions, releaseSessions,
  type DocumentType, type Ordered, type ReleaseCommunity, type ReleaseQuestion, type ReleaseSession,
} from "daguerre/stats";

/** One community of a release at one noise level. */
export interface Community {
  community: ReleaseCommunity;
  questions: ReleaseQuestion[];
  /** The people with documents, in the order of eval_info_all.json. */
  people: { name: string; person: number; sessions: ReleaseSession[] }[];
}

/** Parses one file of the release by its project-relative name; missing ones are an error that says what there is. */
export async function readPart(files: Files, name: string, hint: string): Promise<Ordered> {
  if (!files.names.includes(name)) throw new ReleaseError(`${name} is missing from the release; ${hint}`);
  return parseReleaseFile(await files.text(name), name);
}

/** What can be said where a noise level is not there. */
export function noiseHint(files: Files, community: ReleaseCommunity): string {
  const levels = releaseNoiseLevels(files.names, community).map(noiseText).join(", ");
  return `it has noise ${levels === "" ? "levels in no file" : levels}: choose them with -p noise=[${levels}]`;
}

/** Reads every community of the release at one noise level, in order of path. Throws ReleaseError. */
export async function* readCommunities(files: Files, noise: number): AsyncGenerator<Community> {
  const communities = releaseCommunities(files.names);
  if (communities.length === 0) {
    throw new ReleaseError(`no PersonaBench release in ${files.path}: expected <community>/eval_info/eval_info_all.json; name its directory with -p release=DIR`);
  }
  for (const community of communities) {
    const evalFile = releaseFile.evalInfo(community);
    const evalInfo = await readPart(files, evalFile, "it lists the people and their questions");
    const parts: Partial<Record<DocumentType, { value: Ordered; file: string }>> = {};
    for (const type of DOCUMENT_TYPES) {
      const file = releaseFile.documents(community, noise, type);
      parts[type] = { file, value: await readPart(files, file, noiseHint(files, community)) };
    }
    const sessions = releaseSessions(parts as Record<DocumentType, { value: Ordered; file: string }>);
    const names = releasePeople(evalInfo, evalFile);
    for (const name of sessions.keys()) {
      if (!names.includes(name)) throw new ReleaseError(`${JSON.stringify(name)} has documents in ${community.name} at noise ${noiseText(noise)} and no questions in ${evalFile}`);
    }
    const people = names.flatMap((name, person) => {
      const own = sessions.get(name);
      return own === undefined ? [] : [{ name, person, sessions: own }];
    });
    yield { community, questions: releaseQuestions(evalInfo, evalFile), people };
  }
}
