/** Calls the simulator as testers do, with any Node. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;

export interface Simulated {
  readonly code: number;
  readonly output: string;
  /** What `--json` wrote. */
  readonly result: Readonly<Record<string, unknown>>;
}

export async function simulate(args: readonly string[], node: string = process.execPath): Promise<Simulated> {
  const folder = mkdtempSync(path.join(tmpdir(), "skerry-simulate-"));
  try {
    const json = path.join(folder, "result.json");
    const child = spawn(
      node,
      [
        "--import",
        tsx,
        "--conditions=@skerry/source",
        path.join(root, "packages/simulator/src/cli/simulate.ts"),
        ...args,
        "--json",
        json,
        "--out",
        folder,
      ],
      { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
    );
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (ended) => resolve(ended ?? 1));
    });
    return { code, output, result: JSON.parse(readFileSync(json, "utf8")) as Record<string, unknown> };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
