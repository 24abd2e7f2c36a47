import { loadPipeline } from "../../pipeline/index.ts";
import { StoreError } from "../../store/index.ts";
import { unpackBundle } from "../bundle/unpack.ts";
import { bytesOf, fileIn } from "./bytes.ts";
import type { Kept } from "./kept.ts";
import type { Opened } from "./types.ts";

/** The build a bundle publishes, unpacked into an empty directory but for its answers. */
export async function bundleSide(name: string, path: string, into: string, kept: Kept): Promise<Opened> {
  try {
    const { manifest, lock } = await unpackBundle(path, into, { answers: false });
    const load = async () => {
      const result = await loadPipeline({ root: into, file: manifest.pipeline, presets: manifest.presets, overrides: manifest.params });
      return result.ok ? result.pipeline : undefined;
    };
    let parsed: ReturnType<typeof load> | undefined;
    return {
      ok: true,
      side: {
        ...bytesOf(kept),
        kind: "bundle",
        name,
        made: manifest.pipeline,
        cells: lock.cells,
        problems: [],
        pipeline: () => (parsed ??= load()),
        source: (file) => fileIn(into, file),
        hasCode: () => Promise.resolve(true),
      },
    };
  } catch (error) {
    if (error instanceof StoreError && error.reason === "damaged") return { ok: false, message: error.message, hint: error.advice, damaged: true };
    throw error;
  }
}
