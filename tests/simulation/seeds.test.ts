/**
 * The simulator's own gate: the scenarios that once found a bug, 300 fresh ones (drawn from the commit, so that each change meets others, and each
 * failure can be had again), and that a seed is one run in every process and on every Node.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ci = process.env["CI"] === "true";

const pinnedFolder = path.join(root, "packages/simulator/pinned");
const pinned = readdirSync(pinnedFolder).filter((file) => file.endsWith(".json"));

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

test.each(pinned)("SM-1 what once found a bug runs clean: %s", async (file) => {
  const { code, output } = await simulate(["--scenario", path.join(pinnedFolder, file), "--quiet"]);
  expect(code, output).toBe(0);
});

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
