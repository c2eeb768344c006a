/** The program: reads the environment, opens the store, starts the relay, and stops it in good order. */
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { parseConfig } from "./config.ts";
import type { Config } from "./config.ts";
import { errorFields } from "./log.ts";
import type { Log } from "./log.ts";
import { LogStoreError } from "./log-store.ts";
import type { LogStore } from "./log-store.ts";
import { startRelay } from "./server.ts";
import type { RelayServer } from "./server.ts";
import { openLevelLogStore } from "./storage/level-log-store.ts";
import { createTag, systemClock, systemRandom } from "./system.ts";

/** A sentence for whoever started the relay; nothing is wrong with the program. */
class StartError extends Error {}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

function readConfig(): Config {
  const config = parseConfig(process.env);
  if (config.ok) return config.value;
  throw new StartError(["The configuration is wrong:", ...config.error.map((problem) => `  ${problem}`)].join("\n"));
}

const openLog = (config: Config): Log => {
  const logger = pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 1, sync: true }),
  );
  return (level, event, fields) => logger[level]({ event, ...fields });
};

async function openStore(config: Config): Promise<LogStore> {
  try {
    return await openLevelLogStore({ folder: config.dataFolder, clock: systemClock });
  } catch (error) {
    if (!(error instanceof LogStoreError)) throw error;
    const cause = codeOf(error.cause);
    if (error.code === "locked")
      throw new StartError("The data folder (SKERRY_DATA) is in use by another relay. Stop that one, or name another folder.");
    if (error.code === "full") throw new StartError("The disk of the data folder (SKERRY_DATA) is full.");
    const detail = cause === "" ? error.message : `${error.message} (${cause})`;
    throw new StartError(`The data folder (SKERRY_DATA) cannot be used: ${detail}.`);
  }
}

async function listen(config: Config, store: LogStore, log: Log): Promise<RelayServer> {
  const webFolder = config.webFolder === "" ? fileURLToPath(new URL("../../web/dist", import.meta.url)) : config.webFolder;
  try {
    const env = { config: { ...config, webFolder }, store, clock: systemClock, random: systemRandom(), log, tag: createTag() };
    return await startRelay(env);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EADDRINUSE")
      throw new StartError(`Port ${config.port} (SKERRY_PORT) is in use. Stop the other program, or choose another port.`);
    if (code === "EACCES")
      throw new StartError(`Port ${config.port} (SKERRY_PORT) may not be used without more rights. Choose one above 1023.`);
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new StartError("The address to listen on (SKERRY_HOST) is not one of this machine.");
    if (error instanceof LogStoreError) throw new StartError(`The data folder (SKERRY_DATA) cannot be used: ${error.message}.`);
    throw error;
  }
}

/** First signal: in good order. Second: at once. */
function stopOnSignals(server: RelayServer, store: LogStore, log: Log): void {
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(130);
    stopping = true;
    log("info", "stopping", { signal });
    await server.close();
    await store.close();
    log("info", "stopped");
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        log("error", "stop-failed", errorFields(error));
        process.exit(1);
      });
    });
  }
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = openLog(config);
  // What was acknowledged is on disk; a process in an unknown state helps nobody.
  process.on("uncaughtException", (error) => {
    log("error", "uncaught", errorFields(error));
    process.exit(1);
  });
  const store = await openStore(config);
  try {
    const server = await listen(config, store, log);
    stopOnSignals(server, store, log);
    log("info", "started", { port: server.port });
    process.stdout.write(`Skerry relay: ${server.url}\n`);
  } catch (error) {
    await store.close();
    throw error;
  }
}

main().catch((error: unknown) => {
  if (error instanceof StartError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`The relay could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
