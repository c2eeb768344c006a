/** Test support for the fault suites: child processes, small disks, and what a log may say after damage. */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "skerry-fault-"));
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Small deterministic generator (mulberry32): numbers from 0 to below `max`. */
export function seeded(seed: number): (max: number) => number {
  let state = seed >>> 0;
  return (max) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * max);
  };
}

export interface Child {
  readonly process: ChildProcess;
  /** Ends when the child has ended and everything that it printed was read. */
  readonly lines: AsyncIterable<string>;
  readonly exit: Promise<string>;
}

/** Runs a TypeScript file beside this one in a real Node, from source. */
export function startChild(file: string, args: readonly string[]): Child {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ["--import", tsx, "--conditions=@skerry/source", path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4000)));
  const exit = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(`${signal ?? code} ${errors}`.trim()));
  });
  return { process: child, lines: createInterface({ input: child.stdout }), exit };
}

export interface SmallDisk {
  readonly folder: string;
  free(): Promise<void>;
  dispose(): Promise<void>;
}

/** Whether this user may mount a file system. */
export async function mayMount(): Promise<boolean> {
  return smallFileSystem(1024 * 1024).then(
    (disk) => disk.dispose().then(() => true),
    () => false,
  );
}

/** A real file system of `bytes`. Rejects where this user may not mount one. */
export async function smallFileSystem(bytes: number): Promise<SmallDisk> {
  const folder = await makeFolder();
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
  return {
    folder,
    free: async () => void (await run("mount", ["-o", `remount,size=${8 * bytes}`, folder])),
    dispose: async () => {
      await run("umount", [folder]);
      await removeFolder(folder);
    },
  };
}

/** No file of this process may grow beyond `bytes` (EFBIG: Node ignores SIGXFSZ). Needs no privilege. */
export async function smallFiles(bytes: number): Promise<SmallDisk> {
  const folder = await makeFolder();
  const limit = (soft: string): Promise<unknown> => run("prlimit", ["--pid", String(process.pid), `--fsize=${soft}:unlimited`]);
  await limit(String(bytes));
  return {
    folder,
    free: async () => void (await limit("unlimited")),
    dispose: async () => {
      await limit("unlimited");
      await removeFolder(folder);
    },
  };
}
