import {
  bootstrapMean, category, isUnscored, releasedStatistics, ReleaseError, scoreQuestion, scoreRun, type Interval, type LevelStatistics, type Mode, type Run, type RunResult, type Score,
} from "../../stats/index.ts";
import { openRelease, resultPaths, type ReleaseFiles } from "./files.ts";
import { honestAnswers } from "./honest-rules.ts";
import { noiseFromEvidence } from "./noise.ts";
import { questionsAt, readQuestions, type PlacedQuestion } from "./questions.ts";
import { checkReleasedModel, releasedAnswers, releasedNoise, ReleasedScorerStops } from "./released-rules.ts";
import { readResults, type ResultFile } from "./results.ts";

/** What to score. */
export interface ScoreRequest {
  /** The release's data root, its synthetic_data or one community. */
  release: string;
  /** Result files, or directories of them; several noise levels and models. */
  results: readonly string[];
  mode: Mode;
  /** Fixed mode: sessions asked for. Default: the largest evidence count of the questions. */
  k?: number;
}

/** One scored question, as `--per-question` writes it. */
export interface QuestionScore extends Omit<Score, "flags"> {
  model: string;
  noise: number;
  q_id: string;
  category: string;
}

export interface Scored {
  kind: "scored";
  mode: Mode;
  /** Undefined in compat mode, which takes the length of each list. */
  k: number | undefined;
  statistics: LevelStatistics[];
  questions: QuestionScore[];
  /** Overall F1 by level (as in `statistics`) and model, clustered by person. */
  intervals: Map<string, Interval>[];
  /** Counted and unscored, over all files and models. */
  subjective: number;
  warnings: string[];
}

/** Why there are no scores. `unreadable`: release or results are not what they should be; `stops`: compat, where the released program ends with an error. */
export interface NotScored {
  kind: "unreadable" | "stops";
  message: string;
}

/** Scores predictions in the release's result format against a release. Everything expected to go wrong is a value. */
export async function scoreRelease(request: ScoreRequest): Promise<Scored | NotScored> {
  try {
    const release = await openRelease(request.release);
    const files: ResultFile[] = [];
    for (const path of await resultPaths(request.results)) files.push(await readResults(path));
    return request.mode === "compat" ? await compat(release, files) : await fixed(release, files, request.k);
  } catch (error) {
    if (error instanceof ReleaseError) return { kind: "unreadable", message: error.message };
    if (error instanceof ReleasedScorerStops) return { kind: "stops", message: error.message };
    throw error;
  }
}

interface Level {
  noise: number;
  runs: Run[];
  clusters: Map<string, string>;
}

async function compat(release: ReleaseFiles, files: readonly ResultFile[]): Promise<Scored> {
  const questions = await readQuestions(release);
  const outdated = new Map([...questions].map(([id, question]) => [id, question.outdated_value]));
  const clusters = new Map([...questions].map(([id, question]) => [id, question.cluster]));
  // The released program lists one directory and sorts the paths.
  const levels = [...files].sort((a, b) => (a.path < b.path ? -1 : 1)).map((file): Level => {
    const noise = releasedNoise(file);
    const seen = new Set<string>();
    const runs = file.models.map((model): Run => {
      checkReleasedModel(model.model, seen, file.path);
      seen.add(model.model);
      const answers = releasedAnswers(model, outdated);
      const scores = scoreRun(answers, 0, "compat");
      stopWhereReleasedStops(file, model.model, answers.map(({ question }) => question.id), scores);
      return { model: model.model, results: answers.map(({ question }, i) => ({ question, score: scores[i] })) };
    });
    return { noise, runs, clusters };
  });
  return collect(levels, "compat", undefined, []);
}

function stopWhereReleasedStops(file: ResultFile, model: string, ids: readonly string[], scores: readonly (Score | undefined)[]): void {
  const at = scores.findIndex((score) => score?.flags.includes("released_scorer_stops"));
  if (at >= 0) throw new ReleasedScorerStops(`${file.path}: ${model}: question ${ids[at] ?? ""} has an answer or prediction it cannot take (a number or null)`);
  const scored = scores.filter((score) => score !== undefined);
  if (scored.length === 0) throw new ReleasedScorerStops(`${file.path}: ${model}: no scored question, so a mean divides by zero`);
  if (scored.every((score) => score.outdated_recall === null)) throw new ReleasedScorerStops(`${file.path}: ${model}: no question with an outdated value, so a mean divides by zero`);
}

async function fixed(release: ReleaseFiles, files: readonly ResultFile[], k: number | undefined): Promise<Scored> {
  const warnings: string[] = [];
  const questions = await readQuestions(release);
  const asked = new Map<number, Map<string, PlacedQuestion>>();
  const byNoise = new Map<number, ResultFile[]>();
  for (const file of files) {
    const noise = file.noise ?? (await noiseFromEvidence(release, file));
    if (!asked.has(noise)) asked.set(noise, await questionsAt(release, noise, questions));
    byNoise.set(noise, [...(byNoise.get(noise) ?? []), file]);
  }
  const most = Math.max(1, ...[...asked.values()].flatMap((level) => [...level.values()].map((question) => question.evidence.length)));
  const places = k ?? most;
  const levels = [...byNoise].sort(([a], [b]) => a - b).map(([noise, members]): Level => {
    const level = asked.get(noise) ?? new Map<string, PlacedQuestion>();
    const names = new Set<string>();
    const runs = members.flatMap((file) =>
      file.models.map((model): Run => {
        const name = distinctName(model.model, names);
        if (name !== model.model) warnings.push(`${file.path}: model ${model.model} is there already at noise ${noise}: shown as ${name}`);
        const answers = honestAnswers({ ...model, model: name }, level, (line) => warnings.push(`${file.path}: ${line}`));
        if (answers.length === 0) throw new ReleaseError(`${file.path}: ${name} answers no question of this release`);
        const results = answers.map(({ question, prediction, retrieved, ranked }): RunResult => {
          if (isUnscored(question)) return { question, score: undefined };
          const score = scoreQuestion(question, prediction, retrieved, places, "fixed");
          return { question, score: ranked ? score : { ...score, retrieval_recall: null, retrieval_ndcg: null } };
        });
        const empty = results.filter(({ score }) => score?.flags.includes("empty_prediction") === true).length;
        if (empty > 0) warnings.push(`${file.path}: ${name}: ${empty} of ${results.length} predictions are empty; that they repeat no outdated value is no merit`);
        return { model: name, results };
      }),
    );
    return { noise, runs, clusters: new Map([...level].map(([id, question]) => [id, question.cluster])) };
  });
  return collect(levels, "fixed", places, warnings);
}

function distinctName(model: string, taken: Set<string>): string {
  let name = model;
  for (let n = 2; taken.has(name); n += 1) name = `${model} (${n})`;
  taken.add(name);
  return name;
}

function collect(levels: readonly Level[], mode: Mode, k: number | undefined, warnings: string[]): Scored {
  const questions: QuestionScore[] = [];
  let subjective = 0;
  const intervals = levels.map(({ noise, runs, clusters }) => {
    const byModel = new Map<string, Interval>();
    for (const run of runs) {
      const values: { cluster: string; value: number }[] = [];
      for (const { question, score } of run.results) {
        if (score === undefined) {
          subjective += 1;
          continue;
        }
        const { flags: _, ...numbers } = score;
        questions.push({ model: run.model, noise, q_id: question.id, category: category(question, mode), ...numbers });
        values.push({ cluster: clusters.get(question.id) ?? "", value: score.f1 });
      }
      const interval = bootstrapMean(values);
      if (interval !== null) byModel.set(run.model, interval);
    }
    return byModel;
  });
  return { kind: "scored", mode, k, statistics: releasedStatistics(levels, mode), questions, intervals, subjective, warnings };
}
