import type { Json, JsonRecord, Matrix, Need, NeedCell } from "../../stage/index.ts";
import { hashJson } from "../../store/index.ts";
import type { Sha256 } from "../../store/index.ts";
import type { NeedSource } from "../job.ts";
import { readRecords } from "../jsonl.ts";
import { parseNpy } from "../npy.ts";
import { readWhole } from "./read.ts";

/** Hears what an item reads of the list it runs over. */
export type Track = (label: string, hash: Sha256) => void;

/** Contents of one artifact, parsed once per cell and shared by its items; frozen, since items must not see each other. */
export class NeedContent {
  private list: Promise<readonly JsonRecord[]> | undefined;
  private index: Promise<Map<string, JsonRecord>> | undefined;
  constructor(readonly source: NeedSource) {}

  records(): AsyncGenerator<JsonRecord> {
    const { cells, stage } = this.source;
    return (async function* () {
      for (const { path, cell } of cells) yield* readRecords(path, `artifact of ${cell === "" ? stage : cell}`);
    })();
  }

  all(): Promise<readonly JsonRecord[]> {
    this.list ??= (async () => {
      const records: JsonRecord[] = [];
      for await (const record of this.records()) records.push(deepFreeze(record));
      return records;
    })();
    return this.list;
  }

  byId(): Promise<Map<string, JsonRecord>> {
    this.index ??= this.all().then((records) => new Map(records.map((record) => [record.id, record])));
    return this.index;
  }

  /** Hash that a `needs.x#id` read is remembered under. */
  async recordHash(id: string): Promise<Sha256> {
    return hashJson((await this.byId()).get(id) ?? null);
  }
}

/** The `needs.x` of a stage function. `track` is given in an `each` stage, where reading is what makes something an input of the item. */
export function needOf(content: NeedContent, track?: Track): Need {
  const { source } = content;
  const name = `needs.${source.stage}`;
  const whole = (): void => track?.(name, source.hash);
  const single = (): NeedSource["cells"][number] => {
    const [only] = source.cells;
    if (source.gathered || only === undefined) throw new Error(`${name} is gathered from ${source.cells.length} cells: use ${name}.cells()`);
    whole();
    return only;
  };
  return {
    records: () => {
      whole();
      return content.records();
    },
    all: async () => {
      whole();
      return [...(await content.all())];
    },
    get: async (id) => {
      const record = (await content.byId()).get(id);
      track?.(`${name}#${id}`, hashJson(record ?? null));
      return record;
    },
    json: async () => JSON.parse(String(await readWhole(single().path))) as Json,
    text: async () => String(await readWhole(single().path)),
    npy: async (): Promise<Matrix> => parseNpy(await readWhole(single().path)),
    get path() {
      return single().path;
    },
    get hash() {
      whole();
      return source.hash;
    },
    cells: (): NeedCell[] => {
      whole();
      return source.cells.map((cell) => {
        const part = needOf(new NeedContent({ ...source, gathered: false, cells: [cell], hash: cell.hash }), track && (() => whole()));
        return Object.defineProperties({} as NeedCell, { ...Object.getOwnPropertyDescriptors(part), cell: { value: cell.cell, enumerable: true }, axis: { value: cell.axis, enumerable: true } });
      });
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
