/** @skerry/protocol: the bytes of Skerry, without I/O and without keys. Rules with numbers: docs/protocol.md. */
export * from "./certificate.ts";
export * from "./codec.ts";
export * from "./codes.ts";
export * from "./entry.ts";
export * from "./frame.ts";
export * from "./head.ts";
export * from "./ids.ts";
export * from "./limits.ts";
export * from "./link.ts";
export * from "./messages/down.ts";
export * from "./messages/up.ts";
export * from "./ports.ts";
export * from "./presence.ts";
export * from "./record-body.ts";
export * from "./record.ts";
export * from "./result.ts";
export type { SealedEnvelope } from "./sealed-envelope.ts";
export * from "./version.ts";
