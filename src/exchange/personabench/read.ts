import { join } from "node:path";
import {
  DOCUMENT_TYPES, Node, parseReleaseFile, ReleaseError, releaseEvidence, releaseFile, releaseNoiseLevels, releasePeople, releaseQuestions, releaseSessions,
  type DocumentType, type Ordered, type ReleaseCommunity,
} from "../../stats/index.ts";
import { openRelease, readText, type ReleaseFiles } from "./files.ts";
import type { PersonaBenchCommunity, PersonaBenchLevel, PersonaBenchRelease, SocialGraph } from "./types.ts";

/** Reads a release from its data root, its synthetic_data or one community. Throws ReleaseError with the file and place of the first mistake. */
export async function readRelease(directory: string): Promise<PersonaBenchRelease> {
  const files = await openRelease(directory);
  const communities: PersonaBenchCommunity[] = [];
  for (const community of files.communities) communities.push(await readCommunity(files, community));
  return { communities };
}

async function readCommunity(files: ReleaseFiles, community: ReleaseCommunity): Promise<PersonaBenchCommunity> {
  const evalFile = releaseFile.evalInfo(community);
  const evalInfo = await parse(files, evalFile);
  const questions = releaseQuestions(evalInfo, evalFile);
  const people = releasePeople(evalInfo, evalFile).map((name, person) => ({ name, questions: questions.filter((question) => question.person === person) }));
  const levels: PersonaBenchLevel[] = [];
  for (const noise of releaseNoiseLevels(files.names, community)) {
    const evidenceFile = releaseFile.evidence(community, noise);
    const evidence = releaseEvidence(await parse(files, evidenceFile), evidenceFile);
    const parts: Partial<Record<DocumentType, { value: Ordered; file: string }>> = {};
    for (const type of DOCUMENT_TYPES) {
      const file = releaseFile.documents(community, noise, type);
      parts[type] = { file, value: await parse(files, file) };
    }
    levels.push({ noise, evidence, sessions: releaseSessions(parts as Record<DocumentType, { value: Ordered; file: string }>) });
  }
  const graphFile = releaseFile.graph(community);
  const graph = files.names.includes(graphFile) ? socialGraph(await parse(files, graphFile), graphFile) : undefined;
  return { name: community.name === "" ? `community_${community.index}` : community.name, index: community.index, ...(graph === undefined ? {} : { graph }), people, levels };
}

async function parse(files: ReleaseFiles, name: string): Promise<Ordered> {
  if (!files.names.includes(name)) throw new ReleaseError(`${name} is missing from the release in ${files.directory}`);
  return parseReleaseFile(await readText(join(files.directory, name)), name);
}

/** A parsed social_graph.json. Throws ReleaseError. */
export function socialGraph(value: Ordered, file: string): SocialGraph {
  const root = new Node(value, file);
  const whole = (node: Node): number => {
    if (typeof node.value !== "number" || !Number.isInteger(node.value)) throw new ReleaseError(`${node.where}: expected a whole number`);
    return node.value;
  };
  return {
    nodes: root.get("nodes").list().map((node) => ({ node: whole(node.get("node")), name: node.get("properties").get("name").string(), persona: node.get("properties").get("persona").string() })),
    edges: root.get("edges").list().map((edge) => ({
      source: whole(edge.get("source")),
      target: whole(edge.get("target")),
      relationship: edge.get("properties").get("relationship").string(),
      description: edge.get("properties").get("description").string(),
    })),
  };
}
