/** The door of the model room. */
export { createGateway } from "./gateway.ts";
export type { GatewayParts } from "./gateway.ts";
export { modelIdentity } from "./identity.ts";
export { CallError } from "./types.ts";
export type { CallFailureKind, Caller, ChatCall, Gateway, GatewayOptions, LedgerRow } from "./types.ts";
