import { noiseText, ReleaseError, releaseNoiseLevels } from "../../stats/index.ts";
import type { ReleaseFiles } from "./files.ts";
import { questionsAt, readQuestions } from "./questions.ts";
import type { ResultFile } from "./results.ts";

/** The noise level whose evidence the file repeats, where exactly one fits. Throws ReleaseError otherwise: segment ids mean nothing without their level. */
export async function noiseFromEvidence(release: ReleaseFiles, file: ResultFile): Promise<number> {
  const questions = await readQuestions(release);
  const entries = file.models.flatMap((model) => model.entries).filter((entry) => entry.evidence !== undefined);
  const levels = [...new Set(release.communities.flatMap((community) => releaseNoiseLevels(release.names, community)))];
  const fitting: number[] = [];
  for (const noise of entries.length === 0 ? [] : levels) {
    const asked = await questionsAt(release, noise, questions);
    const same = entries.every((entry) => {
      const question = asked.get(entry.q_id);
      return question === undefined || JSON.stringify(question.evidence) === JSON.stringify(entry.evidence);
    });
    if (same) fitting.push(noise);
  }
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  throw new ReleaseError(`${file.path}: which noise level is this? Name it like result_noise_${noiseText(levels[0] ?? 0.5)}.json (the release has ${levels.map(noiseText).join(", ")})`);
}
