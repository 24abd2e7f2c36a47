import type { ModelSpec } from "../../pipeline/index.ts";
import { CallError } from "../types.ts";
import type { Provider } from "./types.ts";

export async function openaiProvider(spec: ModelSpec, _env: Record<string, string | undefined>, _fetch?: typeof fetch): Promise<Provider> {
  throw new CallError("request", `${spec.model}: openai is not there yet`);
}
