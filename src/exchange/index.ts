/** Foreign formats in and out. */
export { scoreRelease, type NotScored, type QuestionScore, type Scored, type ScoreRequest } from "./personabench/score.ts";
export { readRelease } from "./personabench/read.ts";
export { writeRelease } from "./personabench/write.ts";
export { fromRecords, toRecords, type BuildRecords } from "./personabench/records.ts";
export type { PersonaBenchCommunity, PersonaBenchLevel, PersonaBenchRelease, SocialGraph } from "./personabench/types.ts";
export { writeHuggingFace } from "./huggingface/write.ts";
export { readDataset, type Split } from "./huggingface/read.ts";
export { readBank } from "./spb/read.ts";
export { writeBank } from "./spb/write.ts";
export { readGym } from "./personagym/read.ts";
export { writeGym } from "./personagym/write.ts";
export { fileNameOf } from "./lines.ts";
export type { DatasetMeta } from "./huggingface/card.ts";
export type { Written } from "./huggingface/croissant.ts";
