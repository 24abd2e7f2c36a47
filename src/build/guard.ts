import { signatureSync, walkFiles } from "../store/index.ts";
import type { CellJob } from "./job.ts";

/** Files a run reads, with the signatures they had when they were checked: an edit shows, even one that was taken back. */
export type Guards = [path: string, signature: string | undefined][];

/** Signatures of everything a job reads from the project while it runs. */
export function guardsOf(job: CellJob): Guards {
  const paths = new Set<string>();
  for (const { files } of Object.values(job.files)) for (const path of files) paths.add(path);
  for (const { kind, cells } of Object.values(job.needs))
    for (const { path } of cells) {
      if (kind !== "directory") paths.add(path);
      else for (const { absolute } of walkFiles(path)) paths.add(absolute);
    }
  return Array.from(paths, (path) => [path, signatureOf(path)]);
}

/** Paths that are no longer as they were. */
export const broken = (guards: Guards): string[] => guards.filter(([path, signature]) => signatureOf(path) !== signature).map(([path]) => path);

function signatureOf(path: string): string | undefined {
  try {
    return signatureSync(path);
  } catch {
    return undefined;
  }
}
