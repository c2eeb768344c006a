/** A real relay in a process of its own, from source, on a real folder: started, killed with -9, started again on the same port. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const startMs = 30_000;

export interface RelayProcess {
  readonly port: number;
  readonly url: string;
  readonly syncUrl: string;
  readonly folder: string;
  readonly pid: number;
  /** Everything that the relay printed since the first start. */
  output(): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, with these options changed; resolves when it listens. */
  restart(changes?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Kills it and removes its folder, if this module made it. */
  close(): Promise<void>;
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

export async function startRelayProcess(
  options: { readonly folder?: string; readonly port?: number; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<RelayProcess> {
  const port = options.port ?? (await freePort());
  const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), "skerry-relay-"));
  let printed = "";
  let current: { readonly pid: number; readonly ended: Promise<number | null>; signal(name: NodeJS.Signals): void };

  const launch = async (changes: Readonly<Record<string, string>> = {}): Promise<void> => {
    const child = spawn(process.execPath, ["--import", "tsx", "--conditions=@skerry/source", "apps/relay/src/main.ts"], {
      cwd: root,
      env: {
        ...process.env,
        SKERRY_PORT: String(port),
        SKERRY_DATA: folder,
        SKERRY_HANDSHAKES_BURST: "10000",
        SKERRY_HANDSHAKES_PER_SECOND: "10000",
        ...options.env,
        ...changes,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
    const end = (): void => void child.kill("SIGKILL");
    process.once("exit", end);
    void ended.then(() => process.off("exit", end));
    const since = printed.length;
    const listening = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the relay did not start:\n${printed.slice(since)}`)), startMs);
      const look = (chunk: Buffer): void => {
        printed += chunk.toString();
        if (!printed.slice(since).includes(`:${port}`)) return;
        clearTimeout(late);
        resolve();
      };
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      void ended.then((code) => {
        clearTimeout(late);
        reject(new Error(`the relay ended with ${code}:\n${printed.slice(since)}`));
      });
    });
    current = { pid: child.pid ?? 0, ended, signal: (name) => void child.kill(name) };
    await listening;
  };
  await launch();

  const kill = async (): Promise<void> => {
    current.signal("SIGKILL");
    await current.ended;
  };
  return {
    port,
    folder,
    url: `http://127.0.0.1:${port}`,
    syncUrl: `ws://127.0.0.1:${port}/sync`,
    get pid() {
      return current.pid;
    },
    output: () => printed,
    kill,
    restart: launch,
    stop: () => {
      current.signal("SIGTERM");
      return current.ended;
    },
    close: async () => {
      await kill();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
