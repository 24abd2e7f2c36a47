export { build } from "./build.ts";
export type { BuildRequest } from "./build.ts";
export type { BuildEnd, BuildEvent, BuildTotals, Calls, CellResult } from "./events.ts";
export { killCommands } from "./process.ts";
export type { ItemCounts, ItemFailure } from "./job.ts";
export { Project } from "./project.ts";
export type { Places, ProjectOptions, State } from "./project.ts";
export { itemsLeft, whyCell, whyItem } from "./why.ts";
export type { Why } from "./why.ts";
