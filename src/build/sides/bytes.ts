import type { Kept } from "./kept.ts";
import type { Side } from "./types.ts";

/** What every side reads by content. */
export const bytesOf = (kept: Kept): Pick<Side, "find" | "list" | "text"> => ({ find: (hash) => kept.find(hash), list: (hash) => kept.list(hash), text: (hash) => kept.text(hash) });
