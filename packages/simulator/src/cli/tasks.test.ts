import { describe, expect, test } from "vitest";
import { parseScenario } from "../scenario/parse-scenario.ts";
import { broken, passed, sessionOf, smallScenario } from "./cli.test-support.ts";
import { formatFailure, parseFailure } from "./failure-file.ts";
import { runOne } from "./run-one.ts";
import { runSeeds } from "./run-seeds.ts";
import { runShrink } from "./run-shrink.ts";

const seedSeven = { job: { seed: "7" }, label: "seed 7", keepAs: "seed-7", option: "--seed 7" };
const commands = (text: string): string[] => text.match(/npm run simulate.*$/gm) ?? [];

describe("SM-3 what the command line says", () => {
  test("SM-3 a failure: the invariant, its meaning, the story and one command; and the scenario is kept", async () => {
    const { session, said, files } = sessionOf("--seed 7", () => broken("I4", { story: ["ana typed “a1”.", "It is gone."] }));
    expect(await runOne(session, seedSeven)).toBe(1);
    expect(said()).toMatchInlineSnapshot(`
      "FAILED seed 7: I4, “Saved” is true
        A status never says more than is so: “saved on this device” is on its disk, “Synced” is on the
        relay's.
        Found at 2.5 s: I4 is broken

        ana typed “a1”. It is gone.

        Replay it: npm run simulate -- --seed 7
        Scenario: out/seed-7-I4.json
        Trace hash: 00000000000000aa

      "
    `);
    expect(commands(said())).toHaveLength(1);
    expect([...files.keys()]).toEqual(["out/seed-7-I4.json"]);
  });

  test("SM-3 a failure of many seeds, with the planted bug that it needs", async () => {
    const { session, said, files } = sessionOf("--runs 3 --json r.json --mutant early-ack", ({ seed }) =>
      seed === "2" ? broken("I2") : passed(),
    );
    expect(await runSeeds(session, 1n, 3)).toBe(1);
    expect(commands(said())).toEqual(["npm run simulate -- --seed 2 --mutant early-ack"]);
    expect(JSON.parse(files.get("r.json") ?? "")).toMatchObject({
      v: 1,
      runs: 3,
      failed: 1,
      mutant: "early-ack",
      failures: [{ run: "2", invariant: "I2" }],
    });
    expect(said()).toMatch(/Failures\n {2}I2, Acknowledged edits stay {2}1\n/);
  });

  test("a run without failure", async () => {
    const { session, said } = sessionOf("--seed 7", () => passed({ story: ["All agreed."], sometimes: { rare: 1 } }));
    expect(await runOne(session, seedSeven)).toBe(0);
    expect(said()).toMatchInlineSnapshot(`
      "ok seed 7
        All agreed.
        100 events, 10 edits, 1 h of virtual time
        Rare states: rare
        Trace hash: 00000000000000aa
      "
    `);
    const quiet = sessionOf("--seed 7 --quiet", () => passed());
    expect(await runOne(quiet.session, seedSeven)).toBe(0);
    expect(quiet.said()).toBe("");
  });

  test("SM-7 a thousand seeds that never reach a rare state fail, and say which", async () => {
    const { session, said } = sessionOf("--runs 1000 --quiet", () => passed());
    expect(await runSeeds(session, 1n, 1000)).toBe(1);
    expect(said()).toMatch(/must be reached, and were not[^]*\n {2}the relay was rolled back\n/);
    expect(await runSeeds(sessionOf("--runs 999 --quiet", () => passed()).session, 1n, 999)).toBe(0);
  });

  test("SM-6 a run that died or hangs is told, too", async () => {
    const { session, said } = sessionOf("--seed 7", () => ({ kind: "hang", detail: "stopped after 60 s" }));
    expect(await runOne(session, seedSeven)).toBe(1);
    expect(said()).toMatch(/FAILED seed 7: The simulator hangs[^]*stopped after 60 s[^]*--seed 7/);
  });

  test("SM-5 --twice 100 compares a single run, too", async () => {
    let runs = 0;
    const { session, said } = sessionOf("--seed 7 --twice 100", () => passed({ traceHash: String(++runs) }));
    expect(await runOne(session, seedSeven)).toBe(1);
    expect(said()).toMatch(/FAILED seed 7: I19/);
  });

  test("the timeline is written, and stays out of the JSON", async () => {
    const { session, files, jobs } = sessionOf("--seed 7 --timeline t.html --json r.json", () => passed({ timeline: "<html>" }));
    await runOne(session, seedSeven);
    expect(jobs[0]?.timeline).toEqual({ replay: "npm run simulate -- --seed 7" });
    expect(files.get("t.html")).toBe("<html>");
    expect(files.get("r.json")).not.toContain("<html>");
  });
});

describe("SM-3 replay", () => {
  const kept = formatFailure(smallScenario, { invariant: "I4", message: "m", atMs: 2500 }, "00000000000000aa", "early-ack");
  const replay = async (result: ReturnType<typeof passed>) => {
    const file = parseFailure(kept);
    if (!file.ok) throw new Error(file.error);
    const { session, said, jobs } = sessionOf("--replay f.json", () => result);
    const code = await runOne(session, {
      job: { scenario: file.value.scenario },
      label: "f.json",
      keepAs: undefined,
      option: "--replay f.json",
      expected: file.value.expected,
    });
    expect(jobs[0]?.scenario).toEqual(smallScenario);
    return [code, said().trim().split("\n").at(-1)];
  };

  test("SM-3 a failure's file is read again as what it was", () => {
    expect(parseFailure(kept)).toEqual({
      ok: true,
      value: {
        scenario: smallScenario,
        expected: { invariant: "I4", message: "m", atMs: 2500, traceHash: "00000000000000aa", mutant: "early-ack" },
      },
    });
    expect(parseFailure(JSON.stringify(smallScenario))).toEqual({ ok: true, value: { scenario: smallScenario, expected: undefined } });
    expect(parseFailure(kept.replace('"failure": 1', '"failure": 2')).ok).toBe(false);
    const spoilt = parseFailure(kept.replace('"type"', '"tpye"'));
    expect(!spoilt.ok && spoilt.error).toMatch(/line \d+, steps\[0\]\.do: found "tpye"/);
  });

  test("SM-3 says whether it was reproduced, and how exactly", async () => {
    expect(await replay(broken("I4"))).toEqual([1, "Reproduced: the same invariant, and the very same run."]);
    expect(await replay(broken("I4", { traceHash: "b" }))).toEqual([
      1,
      expect.stringMatching(/^Reproduced: the same invariant, but in another run/),
    ]);
    expect(await replay(broken("I1"))).toEqual([1, "Not reproduced: it fails, but in another way. It was I4 then."]);
    expect(await replay(passed())).toEqual([0, expect.stringMatching(/^Not reproduced: I4 holds now/)]);
  });
});

describe("SM-4 --shrink", () => {
  test("SM-4 writes a small scenario that fails in the same way, and how to run it", async () => {
    const { session, said, files } = sessionOf("--shrink f.json", ({ scenario }) =>
      scenario?.steps.some(({ do: kind }) => kind === "crash") === true ? broken(scenario.steps.length > 1 ? "I4" : "I1") : passed(),
    );
    expect(await runShrink(session, { scenario: smallScenario }, "f.json", "f")).toBe(1);
    const small = parseScenario(files.get("out/f-shrunk.json") ?? "");
    expect(small.ok && small.value.steps.map(({ do: kind }) => kind)).toEqual(expect.arrayContaining(["crash"]));
    expect(small.ok && small.value.steps).toHaveLength(2);
    expect(said()).toMatch(/^From 3 steps to 2, in \d+ runs\./);
    expect(commands(said())).toEqual(["npm run simulate -- --scenario out/f-shrunk.json"]);
  });

  test("SM-4 what does not fail can't be shrunk", async () => {
    const { session, said } = sessionOf("--shrink 7", () => passed());
    expect(await runShrink(session, { seed: "7" }, "seed 7", "seed-7")).toBe(2);
    expect(said()).toBe("seed 7 does not fail: there is nothing to shrink.\n");
  });
});
