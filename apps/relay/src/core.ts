/**
 * @skerry/relay/core: the relay without sockets, folders and logger, for whoever brings his own: a simulator, a test in a browser. Nothing
 * here leads to Node, `level`, `ws`, `hono` or `pino` (tests/architecture holds it to that).
 */
export * from "./access.ts";
export { defaultConfig } from "./config.ts";
export type { Config } from "./config.ts";
export type { Connection, Wire } from "./connection.ts";
export type { Log, LogFields, Tag } from "./log.ts";
export * from "./log-store.ts";
export { operationsIn } from "./storage/access-reader.ts";
export { entriesIn } from "./storage/level-reader.ts";
export { createRelay } from "./relay.ts";
export type { Relay, RelayEnv, RelayHealth } from "./relay.ts";
export { openLevelLogStoreOn } from "./storage/engine-log-store.ts";
export type { EngineLogStoreOptions } from "./storage/engine-log-store.ts";
export type { StorageEvent } from "./storage/level-database.ts";
export type * from "./storage/level-engine.ts";
