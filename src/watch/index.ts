/** The door of the watch room: builds again whenever what a plan has looked at changes. */
export type { Changed } from "./changes.ts";
export type { Why } from "./machine.ts";
export { Watcher } from "./watcher.ts";
export type { Cells, Opened, WatchEvent, WatchOptions } from "./watcher.ts";
