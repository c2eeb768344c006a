/** @skerry/peer/browser/storage: the browser's stores by themselves, for embedders and the simulator. They use the global `indexedDB`. */
export { createIdbContentStore, idbContentLimits } from "./idb-content.ts";
export type { IdbContentOptions } from "./idb-content.ts";
export { openIdbKv } from "./idb-kv.ts";
export type { IdbKv } from "./idb-kv.ts";
/** What rows of a device hold, once they are opened: for whoever reads storage from outside, as the simulator does. */
export { identityKey } from "../engine/keys.ts";
export { storedEntry, storedEpochKey, storedIdentity } from "../engine/stored.ts";
