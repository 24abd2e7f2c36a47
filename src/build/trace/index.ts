export { findRecord } from "./find.ts";
export type { Finding } from "./find.ts";
export { traceRecord } from "./trace.ts";
export type { Edge, NodeCalls, Place, Trace, TracedCall, TracedCell, TraceNode } from "./types.ts";
