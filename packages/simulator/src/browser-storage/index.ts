export { installIndexedDb } from "./install.ts";
export type { Committed, OriginFaults } from "./live.ts";
export { createVirtualOrigin } from "./origin.ts";
export type { OriginSnapshot, VirtualOrigin, VirtualOriginOptions } from "./origin.ts";
