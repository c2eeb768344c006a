/** @skerry/peer/browser/storage: the browser's stores by themselves, for embedders and the simulator. They use the global `indexedDB`. */
export { createIdbContentStore, idbContentLimits } from "./idb-content.ts";
export type { IdbContentOptions } from "./idb-content.ts";
export { openIdbKv } from "./idb-kv.ts";
export type { IdbKv } from "./idb-kv.ts";
/** What a row of a device's log holds, once it is opened: for whoever reads storage from outside, as the simulator does. */
export { storedEntry } from "../engine/stored.ts";
