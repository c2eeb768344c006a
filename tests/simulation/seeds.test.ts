/**
 * The simulator's own gate: the seeds that once found a bug, 300 fresh ones (drawn from the commit, so that each change meets others, and each
 * failure can be had again), and that a seed is one run in every process and on every Node.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ci = process.env["CI"] === "true";

interface PinnedSeed {
  readonly seed: number;
  readonly found: string;
}
const pinned = JSON.parse(readFileSync(`${root}packages/simulator/pinned-seeds.json`, "utf8")) as readonly PinnedSeed[];

/** The commit; in a folder without history, what stands in the lock file. */
function fresh(): number {
  const from = ((): string => {
    try {
      return execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
    } catch {
      return readFileSync(`${root}package-lock.json`, "utf8");
    }
  })();
  return createHash("sha256").update(from).digest().readUInt32BE(0) + 1_000_000;
}

test("SM-1 SM-4 every pinned seed runs clean", async () => {
  expect(pinned.length).toBeGreaterThan(0);
  for (const { seed } of pinned) {
    const { code, output } = await simulate(["--seed", String(seed), "--quiet"]);
    expect(code, output).toBe(0);
  }
}, 300_000);

test(`SM-1 fresh seeds from ${fresh()} on run clean, and a share of them twice with the same trace hash`, async () => {
  const count = ci ? 300 : 40;
  const { code, output, result } = await simulate(["--runs", String(count), "--from", String(fresh()), "--twice", "5", "--quiet"]);
  expect(code, output).toBe(0);
  expect(result["runs"]).toBe(count);
  expect(Number(result["ranTwice"])).toBeGreaterThan(0);
}, 900_000);

test("SM-1 one seed is one run: in two processes, and on every Node that is here", async () => {
  const other = process.env["SKERRY_OTHER_NODE"];
  const nodes = [process.execPath, process.execPath, ...(other === undefined || other === "" ? [] : [other])];
  for (const seed of ["7", "11"]) {
    const runs = [];
    for (const node of nodes) runs.push(await simulate(["--seed", seed, "--quiet"], node));
    expect(runs.map(({ code, output }) => (code === 0 ? "" : output))).toEqual(nodes.map(() => ""));
    const hashes = runs.map(({ result }) => result["traceHash"]);
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(hashes).toEqual(nodes.map(() => hashes[0]));
  }
}, 300_000);
