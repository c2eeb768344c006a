/**
 * Spaces with access logs in simulated time (docs/simulation.md, "Spaces"): fresh seeds with each commit run clean, a seed is one run, the rare states are
 * reached, and planted bugs are caught.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { accessMutants } from "../../packages/simulator/src/mutants/access.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
const ci = process.env["CI"] === "true";

interface Result {
  readonly runs: number;
  readonly ranTwice: number;
  readonly failures: readonly { readonly seed: string; readonly invariant: string; readonly message: string }[];
  readonly sometimes: Readonly<Record<string, number>>;
}

async function simulateSpaces(args: readonly string[]): Promise<Result & { readonly output: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), "skerry-spaces-"));
  try {
    const json = path.join(folder, "result.json");
    const entry = path.join(root, "packages/simulator/src/cli/simulate-spaces.ts");
    const child = spawn(process.execPath, ["--import", tsx, "--conditions=@skerry/source", entry, ...args, "--json", json], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    return { ...(JSON.parse(readFileSync(json, "utf8")) as Result), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const commit = ((): string => {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return readFileSync(`${root}package-lock.json`, "utf8");
  }
})();
const fresh = createHash("sha256").update(`spaces ${commit}`).digest().readUInt32BE(0) + 1_000_000;

/** Reached by every forty seeds, or the plan has lost something. */
const required: readonly string[] = [
  "invite: done",
  "openLink: done",
  "a passphrase was typed",
  "a passphrase was mistyped",
  "changeRole: done",
  "remove: done",
  "readmit: done",
  "leave: done",
  "transfer: done",
  "rotate: done",
  "revokeInvite: done",
  "changeRole: refused not-an-owner",
  "leave: refused last-owner",
  "log: space.refused stale",
  "log: space.restored",
  "log: document.refused stale-epoch",
  "somebody typed who may not",
  "somebody was removed for good",
  "a word of somebody who could not write any more",
  "pairing: done",
  "pairing: rejected",
  "pairing: cut short",
  "revokeDevice: done",
  "a device was revoked while it was online",
  "a device was revoked while it was offline",
  "a word that a revoked device had not sent",
  "makeRecoveryKit: done",
  "restored from words",
  "news of a device in somebody else's space",
  "an owner made a new key because another's device was revoked",
  "inviteToDocument: done",
  "grantDocument: done",
  "revokeGrant: done",
  "a guest in the end",
  "a guest with two documents",
  "somebody lost a document that was given alone",
  "somebody who reads from now on has a document",
  "the relay colluded: now",
  "the relay colluded: backdated",
  "the relay colluded: snapshot",
];

test(`SM-11 fresh seeds from ${fresh} on run clean, and some of them twice with the same hash`, async () => {
  const { failures, runs, ranTwice, output } = await simulateSpaces(["--runs", ci ? "80" : "20", "--from", String(fresh), "--twice", "10"]);
  expect(failures, output).toEqual([]);
  expect(runs).toBe(ci ? 80 : 20);
  expect(ranTwice).toBeGreaterThan(0);
}, 600_000);

test("SM-11 the first forty seeds reach every state that they are there for", async () => {
  const { failures, sometimes, output } = await simulateSpaces(["--runs", "40", "--twice", "0"]);
  expect(failures, output).toEqual([]);
  expect(required.filter((state) => sometimes[state] === undefined)).toEqual([]);
}, 600_000);

/**
 * The seeds, of so many from 1 on, that catch each planted bug: `caught-spaces.json`, which `node packages/simulator/src/cli/hunt-spaces.ts` writes. A change of the code
 * moves seeds, so the first one alone would be luck; but from it on there are others.
 */
const caught = JSON.parse(readFileSync(`${root}packages/simulator/src/mutants/caught-spaces.json`, "utf8")) as Readonly<
  Record<string, { readonly invariant: string; readonly seeds: readonly number[]; readonly of: number }>
>;
const mostRuns = 150;
/** So many runs that a bug which each run catches with this chance escapes once in ten thousand times. */
const runsFor = (id: string): number => {
  const { seeds = [], of = 1 } = caught[id] ?? {};
  return Math.ceil(Math.log(1e-4) / Math.log(Math.max(1e-9, 1 - Math.min(0.99, seeds.length / of))));
};
/** The others are hunted when the table is written: here they would be luck, or take an hour. */
const often = Object.keys(caught).filter((id) => runsFor(id) <= mostRuns);

/** Others with each commit: a hunt for all of them takes an hour. */
const drawn = often
  .map((id) => ({ id, rank: createHash("sha256").update(`${commit} ${id}`).digest("hex") }))
  .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
  .slice(0, ci ? 4 : 1)
  .map(({ id }) => id);

test("SM-12 there are at least sixteen planted bugs of spaces, each was caught, and most of them often enough to be hunted here", () => {
  expect(accessMutants.length).toBeGreaterThanOrEqual(16);
  expect(new Set(accessMutants.map(({ id }) => id)).size).toBe(accessMutants.length);
  expect(Object.keys(caught).toSorted()).toEqual(accessMutants.map(({ id }) => id).toSorted());
  for (const { id, expect: invariants } of accessMutants) {
    const { seeds = [], invariant } = caught[id] ?? {};
    expect(seeds[0], id).toBeLessThanOrEqual(2000);
    expect(invariants, id).toContain(invariant);
  }
  expect(often.length).toBeGreaterThanOrEqual(12);
});

test.each(drawn)(
  "SM-12 the planted bug %s is caught",
  async (id) => {
    const from = String(caught[id]?.seeds[0] ?? 1);
    const { failures, runs, output } = await simulateSpaces([
      "--mutant",
      id,
      "--from",
      from,
      "--runs",
      String(mostRuns),
      "--stop",
      "--twice",
      "0",
    ]);
    expect(failures.length, `${runs} runs\n${output}`).toBeGreaterThan(0);
  },
  600_000,
);
