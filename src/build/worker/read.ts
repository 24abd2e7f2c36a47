import { readFile } from "node:fs/promises";
import pLimit from "p-limit";

/** Files a stage may have open at once through its context, however many it asks for. */
const gate = pLimit(32);

/** A whole file. */
export const readWhole = (path: string): Promise<Buffer> => gate(() => readFile(path));
