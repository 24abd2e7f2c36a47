/** A release that cannot be read as one; the message names the file and what is expected there. */
export class ReleaseError extends Error {
  override name = "ReleaseError";
}

/** One community of a PersonaBench release, as its files lie. */
export interface ReleaseCommunity {
  /** Directory name, e.g. `community_0`; empty where the names start inside it. */
  name: string;
  /** Number at the end of the name, else the place in the listing. */
  index: number;
  /** What stands before `eval_info/…` in the file names. */
  prefix: string;
}

/** The three kinds of private documents, in the order a person's sessions are indexed. */
export const DOCUMENT_TYPES = ["conversation", "user_ai_interaction", "purchase_history"] as const;
export type DocumentType = (typeof DOCUMENT_TYPES)[number];

const EVAL_INFO = "eval_info/eval_info_all.json";

/** The communities among file names, sorted by path in code units, as the released programs list them. Other files are passed over. */
export function releaseCommunities(names: readonly string[]): ReleaseCommunity[] {
  return names
    .filter((name) => name === EVAL_INFO || name.endsWith(`/${EVAL_INFO}`))
    .map((name) => name.slice(0, -EVAL_INFO.length))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((prefix, place) => {
      const name = prefix.split("/").at(-2) ?? "";
      const digits = /([0-9]{1,3})$/.exec(name)?.[1];
      return { name, index: digits === undefined ? place : Number(digits), prefix };
    });
}

/** A noise level as the release writes it in file names: `0.0`, `0.3`. */
export function noiseText(noise: number): string {
  return Number.isInteger(noise) ? noise.toFixed(1) : String(noise);
}

/** File names of a community's parts. */
export const releaseFile = {
  graph: (community: ReleaseCommunity): string => `${community.prefix}graph_json/social_graph.json`,
  evalInfo: (community: ReleaseCommunity): string => `${community.prefix}${EVAL_INFO}`,
  evidence: (community: ReleaseCommunity, noise: number): string => `${community.prefix}eval_info/qa_gt_context_all_noise_${noiseText(noise)}.json`,
  documents: (community: ReleaseCommunity, noise: number, type: DocumentType): string =>
    `${community.prefix}private_data/noise_${noiseText(noise)}/${type}_data_all.json`,
};

/** Noise levels a community has evidence for, ascending. */
export function releaseNoiseLevels(names: readonly string[], community: ReleaseCommunity): number[] {
  const start = `${community.prefix}eval_info/qa_gt_context_all_noise_`;
  const levels = names.flatMap((name) => {
    const level = name.startsWith(start) ? /^([0-9]+(?:\.[0-9]+)?)\.json$/.exec(name.slice(start.length))?.[1] : undefined;
    return level === undefined ? [] : [Number(level)];
  });
  return levels.sort((a, b) => a - b);
}
