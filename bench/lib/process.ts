/** Starting servers, and what they and everything else on the machine use. Linux only: figures come from /proc. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const ticksPerSecond = 100;

export interface ProcessUse {
  /** User and system time of all threads, seconds. */
  readonly cpuS: number;
  readonly rssBytes: number;
  readonly peakBytes: number;
}

export function processUse(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssBytes: kib("VmRSS") * 1024,
    peakBytes: kib("VmHWM") * 1024,
  };
}

/** Busy seconds of all cores since boot. */
function machineBusyS(): number {
  const fields = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").split(/\s+/).slice(1).map(Number);
  return [0, 1, 2, 5, 6, 7].reduce((sum, index) => sum + (fields[index] ?? 0), 0) / ticksPerSecond;
}

export interface Metered {
  readonly wallS: number;
  readonly serverCores: number;
  readonly driverCores: number;
  /** Cores that neither server nor driver used: other work on the machine. Above 0.4 the figure is disturbed. */
  readonly otherCores: number;
  readonly serverCpuMs: number;
  readonly rssBytes: number;
  readonly peakBytes: number;
}

/** Starts metering; the returned function ends it. */
export function meter(pid: number): () => Metered {
  const started = performance.now();
  const server = processUse(pid);
  const driver = process.cpuUsage();
  const machine = machineBusyS();
  return () => {
    const wallS = (performance.now() - started) / 1000;
    const now = processUse(pid);
    const used = process.cpuUsage(driver);
    const serverS = now.cpuS - server.cpuS;
    const driverS = (used.user + used.system) / 1e6;
    return {
      wallS,
      serverCores: serverS / wallS,
      driverCores: driverS / wallS,
      otherCores: Math.max(0, machineBusyS() - machine - serverS - driverS) / wallS,
      serverCpuMs: serverS * 1000,
      rssBytes: now.rssBytes,
      peakBytes: now.peakBytes,
    };
  };
}

/** Waits until a server has stopped working on what it queued behind its replies. Bounded. */
export async function settled(pid: number, { quietMs = 300, maxMs = 10_000 } = {}): Promise<void> {
  for (const end = performance.now() + maxMs; performance.now() < end;) {
    const before = processUse(pid).cpuS;
    await sleep(quietMs);
    if ((processUse(pid).cpuS - before) / (quietMs / 1000) < 0.05) return;
  }
}

/** Waits for a moment in which nothing else keeps the machine busy. Bounded. */
export async function quietMachine(maxMs = 4_000): Promise<void> {
  for (const end = performance.now() + maxMs; performance.now() < end;) {
    const before = machineBusyS();
    await sleep(400);
    if ((machineBusyS() - before) / 0.4 < 0.25) return;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

export interface Server {
  readonly pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const children = new Set<{ kill(signal: NodeJS.Signals): boolean }>();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

/** Runs a server; resolves when its port accepts connections. No server outlives its driver. */
export async function spawnServer(
  node: string,
  args: readonly string[],
  port: number,
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Server> {
  const child = spawn(node, args, { cwd, env: { ...process.env, NODE_ENV: "production", ...env }, stdio: ["ignore", "ignore", "inherit"] });
  children.add(child);
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  void ended.then(() => children.delete(child));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(late);
  };
  for (const limit = performance.now() + 20_000; ;) {
    if (await accepts(port)) break;
    if (child.exitCode !== null || performance.now() > limit || child.pid === undefined) {
      await end("SIGKILL");
      throw new Error(`server ${args.join(" ")} did not listen`);
    }
    await sleep(20);
  }
  const { pid } = child;
  if (pid === undefined) throw new Error("server has no process");
  return { pid, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

export const temporaryFolder = (): { readonly folder: string; remove(): void } => {
  const folder = mkdtempSync(path.join(tmpdir(), "skerry-bench-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};
