/** @skerry/peer/browser: the peer as a tab sees it. The peer itself runs in a worker whose entry is `@skerry/peer/browser/worker`. */
export { ClientError, connectSkerry } from "./connect.ts";
export type { ClientErrorCode, ConnectOptions } from "./connect.ts";
export { StoreError } from "../ports.ts";
export type { StoreErrorCode } from "../ports.ts";
export type * from "../client.ts";
