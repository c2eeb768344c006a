/** `npm run chaos`: a chaos proxy with its control API and page, until it is told to stop. A composition root. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { startControlServer } from "../control/control-server.ts";
import { createPrng } from "../prng.ts";
import { startChaosProxy } from "../proxy/chaos-proxy.ts";
import { chaosHelp, parseChaosArguments } from "./chaos-arguments.ts";
import type { ChaosArguments } from "./chaos-arguments.ts";
import { startCutSchedule } from "./cut-schedule.ts";
import { eventLine } from "./event-line.ts";

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

const inUse = (what: string, port: number, option: string): string =>
  `Port ${port} for ${what} is in use. Take another with ${option}, or 0 for a free one.`;

/** Resolves when it is asked to stop. */
const stopped = (): Promise<void> =>
  new Promise((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });

async function run(given: ChaosArguments): Promise<void> {
  const stopping = stopped();
  const random = createPrng(given.seed ?? BigInt(randomBytes(4).readUInt32LE()));
  const { host, port } = given.upstream;
  const upstream = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const proxy = await startChaosProxy({
    upstreamHost: host,
    upstreamPort: port,
    host: given.listen.host,
    port: given.listen.port,
    random,
    stripExtensions: given.stripExtensions,
  }).catch((cause: unknown) => {
    throw new Error(whyNot(cause, inUse("clients", given.listen.port, "--listen")), { cause });
  });
  const control = await startControlServer({ proxy, port: given.controlPort, upstream }).catch(async (cause: unknown) => {
    await proxy.close();
    throw new Error(whyNot(cause, inUse("the control API", given.controlPort, "--control")), { cause });
  });
  print(`Chaos proxy:   ${proxy.url}  →  ${upstream}`);
  print(`Control page:  ${control.url}`);
  print(`Seed:          ${proxy.seed}`);
  if (!given.quiet) proxy.watch((event) => print(eventLine(event)));
  if (Object.keys(given.fault).length > 0) await proxy.set(given.fault);
  const endSchedule =
    given.cut === undefined ? undefined : startCutSchedule(proxy, given.cut, () => complain("A cut could not be made or mended."));
  await stopping;
  endSchedule?.();
  await control.close();
  await proxy.close();
  print("Stopped.");
}

const whyNot = (cause: unknown, used: string): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "EADDRINUSE") return used;
  return code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
    ? "--listen names an address that this machine does not have."
    : `It could not start listening (${code === "" ? String(cause) : code}).`;
};

const given = parseChaosArguments(process.argv.slice(2), (path) => readFileSync(path, "utf8"));
if (!given.ok) {
  for (const problem of given.error) complain(problem);
  complain("npm run chaos -- --help shows what there is.");
  process.exitCode = 2;
} else if (given.value === "help") print(chaosHelp);
else {
  await run(given.value).catch((cause: unknown) => {
    complain(cause instanceof Error ? cause.message : String(cause));
    process.exitCode = 1;
  });
}
