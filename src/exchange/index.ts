/** Foreign formats in and out. */
export { scoreRelease, type NotScored, type QuestionScore, type Scored, type ScoreRequest } from "./personabench/score.ts";
export { statisticsText } from "./personabench/statistics-text.ts";
