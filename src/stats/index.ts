/**
 * Scoring and inference over numbers: PersonaBench's metrics as released (compat) and as they should be (fixed), intervals, paired tests, agreement.
 * Pure functions; nothing here reads, writes, or knows a clock.
 *
 * A run (one model, one noise level) goes through
 * `scoreRun(answers, k, mode)` → `aggregate([{ category: category(question, mode), score }])` → tables, or
 * `releasedStatistics([{ noise, runs }], mode)` → the structure of statistics_all_noises.json.
 */
export type { Answer, Evidence, Flag, Mode, Score, ScoredQuestion } from "./types.ts";
export { scoreQuestion, scoreRun, isUnscored, type Answered, type Carry } from "./question.ts";
export { category } from "./category.ts";
export { aggregate, mean, type Aggregate, type Means } from "./aggregate.ts";
export { releasedStatistics, splitModel, GOLD_CONTEXT, type LevelStatistics, type Run, type RunResult } from "./released.ts";
export { statisticsText } from "./statistics-text.ts";
export { bootstrapMean, quantile, type BootstrapOptions, type Clustered, type Interval } from "./bootstrap.ts";
export { pairedTest, type Pair, type PairedOptions, type PairedTest } from "./paired.ts";
export { averageRanks, kendallTauB, pearson, spearman } from "./correlation.ts";
export { compatDimensions, dimensions, standardise, DIMENSIONS, type Dimension, type Dimensions, type Standardised } from "./radar.ts";
export { compatRanking, fixedRanking, type Ranking } from "./ranking.ts";
export { overlap } from "./overlap.ts";
export { asciiWords, pythonJson, pythonRepr, pythonRound, pythonStr, type DumpStyle } from "./python.ts";
export { JsonSyntaxError, orderedJson, plainJson, WholeFloat, type Ordered } from "./json.ts";
export { answerWords, leaves, textWords } from "./words.ts";
export { DOCUMENT_TYPES, noiseText, releaseCommunities, ReleaseError, releaseFile, releaseNoiseLevels, type DocumentType, type ReleaseCommunity } from "./release/layout.ts";
export { Node, parseReleaseFile } from "./release/read.ts";
export { evidenceOf, releaseEvidence, releasePeople, releaseQuestions, type ReleaseQuestion } from "./release/questions.ts";
export { chunkText, releaseSessions, type ReleaseSession } from "./release/sessions.ts";
export { documentRecord, questionRecord, type Owner } from "./release/records.ts";
