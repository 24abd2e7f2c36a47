/** The door of the model room. */
export { Answers } from "./answers.ts";
export type { AnswerInfo, AnswerStats, ImportReport } from "./answers.ts";
export { checkApart, CheckTimeout, mayTakeLong } from "./checker.ts";
export { cancelBatches } from "./batch.ts";
export { batchStates, createGateway, twoSnapshots } from "./gateway.ts";
export type { GatewayParts } from "./gateway.ts";
export { createRehearsal } from "./rehearsal.ts";
export type { Forecast, RehearsalGateway } from "./rehearsal.ts";
export { modelIdentity } from "./identity.ts";
export { callKey, keyText } from "./key.ts";
export { costOf } from "./ledger.ts";
export type { StoredCall } from "./stored-call.ts";
export type { CallKey, KeyedCall } from "./key.ts";
export { STAND_IN_ERROR } from "./tokens.ts";
export { CallError } from "./types.ts";
export type { CallFailureKind, Caller, ChatCall, Gateway, GatewayOptions, LedgerRow } from "./types.ts";
