/** Private documents of a PersonaBench release at one noise level: one record per session, people and sessions in reference order. */
import { defineStage } from "daguerre";
import { documentRecord } from "daguerre/stats";
import { readCommunities } from "./release/community.ts";

export default defineStage(async function* ({ files, axis }) {
  const release = files["release"];
  if (release === undefined) throw new Error("declare files: { release: params.release }");
  for await (const { community, people } of readCommunities(release, Number(axis["noise"]))) {
    for (const { name, person, sessions } of people) {
      for (const session of sessions) yield documentRecord(session, { community: community.index, person, owner: name });
    }
  }
});
