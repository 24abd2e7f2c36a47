import type { ModelSpec } from "../../pipeline/index.ts";
import { CallError } from "../types.ts";
import type { Provider } from "./types.ts";

export async function transformersProvider(spec: ModelSpec): Promise<Provider> {
  throw new CallError("request", `${spec.model}: transformers is not there yet`);
}
