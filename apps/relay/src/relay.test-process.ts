/** The relay program as a child process, from source, to be killed and looked at from outside. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

export interface RelayProcess {
  readonly url: string;
  readonly port: number;
  /** All that it wrote so far. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals>;
  /** Resident bytes. */
  memory(): Promise<number>;
}

export interface EndedProcess {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

interface Launched {
  readonly child: ChildProcess;
  readonly ended: Promise<EndedProcess>;
  stdout(): string;
  onOutput(listener: () => void): void;
}

function launch(env: Readonly<Record<string, string>>): Launched {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SKERRY_")));
  const child = spawn(process.execPath, ["--conditions=@skerry/source", "--import", tsx, main], {
    env: { ...inherited, SKERRY_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const listeners: (() => void)[] = [];
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<EndedProcess>((resolve) => {
    child.on("close", (code, signal) => resolve({ code: code ?? signal ?? -1, stdout, stderr }));
  });
  return { child, ended, stdout: () => stdout, onOutput: (listener) => listeners.push(listener) };
}

/** Starts it and waits for its end: for starts that must fail. */
export const runRelay = (env: Readonly<Record<string, string>>): Promise<EndedProcess> => launch(env).ended;

/** Starts it and waits until it listens. */
export async function spawnRelay(env: Readonly<Record<string, string>>): Promise<RelayProcess> {
  const launched = launch(env);
  const url = await new Promise<string>((resolve, reject) => {
    launched.onOutput(() => {
      const found = /^Skerry relay: (http:\S+)$/m.exec(launched.stdout());
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    launched.ended.then(({ code, stderr }) => reject(new Error(`the relay ended with ${code}: ${stderr}`)), reject);
  });
  return {
    url,
    port: Number(new URL(url).port),
    output: launched.stdout,
    signal: (signal) => void launched.child.kill(signal),
    ended: async () => (await launched.ended).code,
    memory: async () => {
      const status = await readFile(`/proc/${launched.child.pid ?? 0}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
  };
}

/** A folder for one test, and its removal. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "skerry-relay-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
