export { installIndexedDb } from "./install.ts";
export { createVirtualOrigin } from "./origin.ts";
export type { Committed, OriginFaults, OriginSnapshot, VirtualOrigin } from "./origin.ts";
