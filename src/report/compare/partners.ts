import { isAsked, isGroup, isSystem } from "./fields.ts";
import type { Rows } from "./paired.ts";
import type { Table } from "./table.ts";

/** Groups named in a message. */
const NAMED = 3;

/**
 * Pairs of records whose ids differ because the system's name is a part of them: what was asked, of whom and under which conditions is the same and unique
 * on both sides, and only names of systems are others.
 */
export function partners(before: Table, after: Table, known: Rows): { rows: Rows; by: string[]; systems: string[] } {
  const none = { rows: [], by: [], systems: [] };
  const [old, now] = [restOf(before, known.map(([a]) => a)), restOf(after, known.map(([, b]) => b))];
  if (old.length === 0 || now.length === 0) return none;
  const fields = [...after.names.keys()].filter((field) => before.names.has(field)).sort();
  const systems = fields.filter((field) => isSystem(field) && areDisjoint(valuesOf(before, old, field), valuesOf(after, now, field)));
  const by = fields.filter((field) => !systems.includes(field));
  if (systems.length === 0 || !by.some(isAsked)) return none;
  const keyed = (table: Table, rows: readonly number[]): Map<string, number> | undefined => {
    const keys = new Map(rows.map((row) => [JSON.stringify(by.map((field) => table.names.get(field)?.[row] ?? null)), row]));
    return keys.size === rows.length ? keys : undefined;
  };
  const [a, b] = [keyed(before, old), keyed(after, now)];
  if (a === undefined || b === undefined) return none;
  const rows = [...b].flatMap(([key, row]): [number, number][] => {
    const partner = a.get(key);
    return partner === undefined ? [] : [[partner, row]];
  });
  return rows.length === 0 ? none : { rows, by, systems };
}

const valuesOf = (table: Table, rows: readonly number[], field: string): Set<unknown> => new Set(rows.map((row) => table.names.get(field)?.[row]));
const areDisjoint = (a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean => [...a].every((value) => !b.has(value));

/** Rows that are in no pair. */
function restOf(table: Table, paired: readonly number[]): number[] {
  const known = new Set(paired);
  return [...table.rows.values()].filter((row) => !known.has(row));
}

/** Which groups are on one side only; undefined where all have a partner, or nothing has. */
export function partnerless(before: Table, after: Table, rows: Rows): string | undefined {
  if (rows.length === 0) return undefined;
  const parts = ([["now", after, rows.map(([, b]) => b)], ["before", before, rows.map(([a]) => a)]] as const).flatMap(([when, table, paired]) => {
    const { alone, all } = groupsWithout(table, paired);
    if (alone.length === 0) return [];
    return [`${alone.length.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} groups of ${when} ${alone.length === 1 ? "has" : "have"} no partner (${alone.slice(0, NAMED).join("; ")}${alone.length > NAMED ? "; …" : ""})`];
  });
  return parts.length === 0 ? undefined : parts.join(", ");
}

function groupsWithout(table: Table, paired: readonly number[]): { alone: string[]; all: number } {
  const names = new Set(table.scalars.keys());
  const fields = [...names].filter((field) => isGroup(field, names) && new Set(table.scalars.get(field)).size > 1).sort((a, b) => Number(isSystem(b)) - Number(isSystem(a)) || (a < b ? -1 : 1));
  const nameOf = (row: number): string => fields.flatMap((field) => {
    const value = table.scalars.get(field)?.[row];
    return value === undefined ? [] : [typeof value === "string" ? value : `${field} ${String(value)}`];
  }).join(", ");
  const all = new Set([...table.rows.values()].map(nameOf));
  const known = new Set(paired.map(nameOf));
  return { alone: [...all].filter((name) => !known.has(name)), all: all.size };
}
