import type { CallKey } from "../key.ts";
import { CallError } from "../types.ts";
import type { CallStore, Claims, TextStore } from "./types.ts";

/**
 * A call store over any Keyv adapter. The text of an entry is stored as it is (it has a checksum of its own); no prefix, no time to live, and
 * a failing store throws: a silent miss would be bought again.
 */
export async function overKeyv(store: TextStore, claims: Claims & { close?(): Promise<void> }, place: string): Promise<CallStore> {
  const { Keyv } = await import("keyv");
  const keyv = new Keyv<string>({
    store,
    useKeyPrefix: false,
    throwOnErrors: true,
    emitErrors: false,
    serialize: (data) => data.value as string,
    deserialize: (text) => ({ value: text as never }),
  });
  const failed = (doing: string, error: unknown): CallError =>
    new CallError("store", `cannot ${doing} the call store ${place}: ${error instanceof Error ? error.message : String(error)}; nothing is asked of a model while answers cannot be kept`, { cause: error });
  const pending = new Set<Promise<unknown>>();
  const get = async (key: CallKey): Promise<string | undefined> => {
    try {
      return await keyv.get<string>(key);
    } catch (error) {
      throw failed("read", error);
    }
  };
  return {
    place,
    claims: {
      take: (key) => claims.take(key).catch((error: unknown) => Promise.reject(failed("claim an answer in", error))),
      drop: (key) => claims.drop(key).catch((error: unknown) => Promise.reject(failed("give back a claim in", error))),
    },
    get,
    head(key) {
      if (store.head === undefined) return get(key);
      try {
        return store.head(key);
      } catch (error) {
        throw failed("read", error);
      }
    },
    ready: () => store.ready?.(),
    async set(key, text) {
      const write = keyv.set(key, text);
      pending.add(write);
      try {
        if (!(await write)) throw new Error("the store took no answer");
      } catch (error) {
        throw failed("write to", error);
      } finally {
        pending.delete(write);
      }
    },
    async delete(key) {
      try {
        await keyv.delete(key);
      } catch (error) {
        throw failed("delete from", error);
      }
    },
    async *keys() {
      try {
        for await (const key of store.keys()) yield key as CallKey;
      } catch (error) {
        throw failed("list", error);
      }
    },
    async close() {
      await Promise.allSettled(pending);
      await claims.close?.();
      await keyv.disconnect();
    },
  };
}
