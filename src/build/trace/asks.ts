import type { CellId } from "../../pipeline/index.ts";
import { hashJson } from "../../store/index.ts";
import { isDistinctive, isNamedFor } from "./mention.ts";
import type { Mention } from "./mention.ts";
import type { Found } from "./scan.ts";
import type { TraceNode } from "./types.ts";

/** What a record may have come from in one cell of a need. */
export interface Ask {
  child: TraceNode;
  cell: CellId;
  /** The item's record; of several cells that have it, the one with this hash. */
  item?: { id: string; key: string; only: boolean };
  mentions: Mention[];
  /** Ids its item is known to have read of this need: references, whatever they look like. */
  proven: ReadonlySet<string>;
  /** The stage that needs both, where the child's does not need this one. */
  shared?: string;
  /** What the child's fields hold in records about the same cells. */
  peers: Peers;
  /** The child's cell needs nothing else, so that equal ids mean the same thing. */
  single: boolean;
}

/** Field → texts it holds in other records of an artifact. */
export type Peers = ReadonlyMap<string, ReadonlySet<string>>;

/** What an ask comes to, once the ids are known that the artifact has. */
export interface Answered {
  item?: { found: Found; changed: boolean };
  references: Map<string, string[]>;
  /** Mentions that count as references. */
  mentions: Mention[];
  /** Mentions that equal an id and do not count. */
  unsure: { mention: Mention; why: "short" | "unusual" }[];
}

/**
 * A text refers to a record where it equals its id, can be told from a word or number (or stands in a field called after the stage), and is not the
 * exception in its field: at least half of what the field holds in the first records of its artifact are ids there, too. Where all of it are, and not always
 * the same one, a text of any length is no chance; a number may still be.
 */
export function answer(ask: Ask, stage: string, ids: ReadonlySet<string>, found: ReadonlyMap<string, Found>): Answered {
  const shares = new Map<string, { usual: boolean; always: boolean }>();
  const shareOf = (field: string): { usual: boolean; always: boolean } => {
    let share = shares.get(field);
    if (share === undefined) {
      const values = [...(ask.peers.get(field) ?? [])];
      const known = values.filter((value) => ids.has(value)).length;
      share = { usual: known * 2 >= values.length, always: known === values.length && known > 1 };
      shares.set(field, share);
    }
    return share;
  };
  const isTold = ({ value, field }: Mention): boolean => isDistinctive(value) || isNamedFor(field, stage) || (field === "id" && ask.single) || (shareOf(field).always && /\p{L}/u.test(value));
  const equal = ask.mentions.filter(({ value }) => ids.has(value));
  const mentions = equal.filter((mention) => ask.proven.has(mention.value) || (isTold(mention) && shareOf(mention.field).usual));
  const referred = new Set(mentions.map(({ value }) => value));
  const unsure = equal.filter(({ value }) => !referred.has(value)).map((mention) => ({ mention, why: shareOf(mention.field).usual ? ("short" as const) : ("unusual" as const) }));
  const references = new Map<string, string[]>();
  for (const { value, path } of mentions) references.set(value, [...(references.get(value) ?? []), path]);
  const own = ask.item === undefined ? undefined : found.get(ask.item.id);
  if (ask.item === undefined || own === undefined) return { references, mentions, unsure };
  const changed = hashJson(own.record) !== ask.item.key;
  return { references, mentions, unsure, ...(changed && !ask.item.only ? {} : { item: { found: own, changed } }) };
}
