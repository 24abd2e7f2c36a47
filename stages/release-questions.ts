/** Questions of a PersonaBench release, of the people that have documents, with the evidence of one noise level. */
import { defineStage } from "daguerre";
import { questionRecord, releaseEvidence, releaseFile } from "daguerre/stats";
import { noiseHint, readCommunities, readPart } from "./release/community.ts";

export default defineStage(async function* ({ files, axis, log }) {
  const release = files["release"];
  if (release === undefined) throw new Error("declare files: { release: params.release }");
  const noise = Number(axis["noise"]);
  for await (const { community, questions, people } of readCommunities(release, noise)) {
    const file = releaseFile.evidence(community, noise);
    const evidence = releaseEvidence(await readPart(release, file, noiseHint(release, community)), file);
    const asked = questions.filter((question) => people.some(({ person }) => person === question.person));
    const bare = asked.filter((question) => !evidence.has(question.id));
    if (bare.length > 0) log(`${community.name}: ${bare.length} of ${asked.length} questions have no evidence in ${file}, first ${bare[0]?.id}`);
    for (const question of asked) {
      yield questionRecord(question, evidence.get(question.id) ?? [], { community: community.index, person: question.person, owner: question.owner });
    }
  }
});
