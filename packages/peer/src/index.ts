/** @skerry/peer: the local-first engine. `./browser` and `./node` are its hosts; this is the part that touches nothing of the world. */
export type * from "./client.ts";
export type * from "./editor-hub.ts";
export type * from "./peer.ts";
export * from "./ports.ts";
export { createPeer } from "./engine/create-peer.ts";
export type { Membership } from "./engine/membership.ts";
export { createMemoryContentStore } from "./content-memory.ts";
export type { MemoryContentEntries, MemoryContentOptions } from "./content-memory.ts";
export { createMemoryKv } from "./kv-memory.ts";
export { openSealedKv } from "./sealed-kv.ts";
