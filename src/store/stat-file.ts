import { sha256 } from "./hash.ts";

/** The state of a stat cache: path → `<signature> <64 hex digits> <number of the save it was last used before>`. */
export interface StatState {
  saves: number;
  entries: Map<string, string>;
}

const VERSION = 1;

/** The text of a state file: JSON with a version and a checksum over the rest. */
export function formatStatState(state: StatState): string {
  const rows = [...state.entries].map(([path, entry]) => `${JSON.stringify(path)},"${entry}"`);
  const body = `{"saves":${state.saves},"files":[\n${rows.join(",\n")}\n]}`;
  return `{"version":${VERSION},"checksum":"${sha256(body).slice(7)}","state":${body}}\n`;
}

/** Reads it back, or says why not. */
export function parseStatState(file: Buffer): StatState | string {
  const head = file.toString("latin1", 0, 128);
  const version = /^\{"version":(\d+),/.exec(head)?.[1];
  if (version === undefined) return "is damaged";
  if (version !== String(VERSION)) return `has version ${version}, this is version ${VERSION}`;
  const start = /^\{"version":\d+,"checksum":"([0-9a-f]{64})","state":/.exec(head);
  if (!start) return "is damaged";
  const body = file.subarray(start[0].length, file.length - 2);
  if (sha256(body) !== `sha256:${start[1]}` || file.toString("latin1", file.length - 2) !== "}\n") return "is damaged";
  // The checksum has proved that these are this version's own bytes.
  const { saves, files } = JSON.parse(body.toString("utf8")) as { saves: number; files: string[] };
  const entries = new Map<string, string>();
  for (let i = 0; i < files.length; i += 2) entries.set(files[i] as string, files[i + 1] as string);
  return { saves, entries };
}
