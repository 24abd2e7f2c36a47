import type { KeyedCall, WireBody } from "../key.ts";
import type { Provider } from "./types.ts";
import { WireFailure } from "./types.ts";

/** The simulator in process, loaded at the first call that is not stored. */
export async function offlineProvider(): Promise<Provider> {
  const { answer, WireError } = await import("../../offline/index.ts");
  return {
    local: true,
    async send(kind: KeyedCall["kind"], body: WireBody): Promise<WireBody> {
      try {
        return await answer(kind, body);
      } catch (error) {
        if (error instanceof WireError) throw new WireFailure("request", error.message, { status: error.status, param: error.param });
        throw error;
      }
    },
  };
}
