/** @skerry/relay: a relay to embed, for tests and tools. `main.ts` is the program. */
export * from "./access.ts";
export { defaultConfig, describeConfig, parseConfig } from "./config.ts";
export type { Config } from "./config.ts";
export type { Log, LogFields, Tag } from "./log.ts";
export * from "./log-store.ts";
export { createTag, systemClock, systemRandom } from "./system.ts";
export { createRelay } from "./relay.ts";
export type { Relay, RelayEnv, RelayHealth } from "./relay.ts";
export type { Connection, Wire } from "./connection.ts";
export { startRelay } from "./server.ts";
export type { RelayServer, RelayServerEnv } from "./server.ts";
export { syncPath } from "./socket.ts";
