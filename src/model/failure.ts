import { WireFailure } from "./provider/types.ts";
import type { Asked } from "./purchase.ts";
import { CallError } from "./types.ts";

/** Who asked, for a message: `documents, item c000p001`. */
export function askerText({ caller }: Pick<Asked, "caller">): string {
  return caller.item === undefined ? caller.stage : `${caller.stage}, item ${caller.item}`;
}

/** A failure on the wire in the words of the caller: what happened, for whom, what to do. Other errors pass through. */
export function callErrorOf(error: unknown, asked: Pick<Asked, "caller" | "role" | "spec">): unknown {
  if (!(error instanceof WireFailure)) return error;
  const { role, spec } = asked;
  const who = `${askerText(asked)}: models.${role} (${spec.model})`;
  const cause = { cause: error };
  switch (error.reason) {
    case "quota":
      return new CallError("quota", `${who}: the account's quota is used up: ${error.message}; add credit or raise its limit, then run again: every answer bought is kept`, cause);
    case "auth":
      return new CallError("auth", `${who}: the server refuses the key in $${spec.api_key_env ?? "OPENAI_API_KEY"}: ${error.message}`, cause);
    case "aborted":
      return new CallError("aborted", "interrupted; every answer that arrived is kept", cause);
    case "request":
      return new CallError("request", `${who}: the server refuses the request: ${error.message}${adviceFor(error, role)}`, cause);
    case "rate":
    case "server":
    case "transport":
      return new CallError("transport", `${who}: no answer: ${error.message}; run again: what is finished is kept`, cause);
  }
}

/** What a 400 about one field calls for. */
function adviceFor({ param, message }: WireFailure, role: string): string {
  if (/max_completion_tokens/.test(message) && /max_tokens/.test(message)) return `; write max_completion_tokens instead of max_tokens, and supports: { max_tokens: false } on models.${role} to be told before a call leaves`;
  if (param === "response_format" || /json_schema|response_format/.test(message)) return `; if this server has no JSON Schema mode, set supports: { json_schema: false } on models.${role}`;
  const field = param?.split(".")[0];
  if (field !== undefined && /^[a-z_]+$/.test(field)) return `; if this model does not take ${field}, remove it and set supports: { ${field}: false } on models.${role}`;
  return "";
}
