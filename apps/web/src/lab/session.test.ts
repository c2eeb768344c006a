import { afterEach, describe, expect, test } from "vitest";
import type { LabPair } from "./lab-pair.test-support.ts";
import { openLabPair } from "./lab-pair.test-support.ts";
import { firstLookMs, firstScenario } from "./plan.ts";

let open: LabPair | undefined;
async function begin(): Promise<LabPair> {
  open = openLabPair(firstScenario(3, 1, "ferry "));
  open.session.play(0);
  await open.settled();
  return open;
}
afterEach(() => {
  open?.session.close();
});

const bodyOf = ({ session }: LabPair, who: string): string => session.state().docs.get(who)?.body.toJSON() ?? "(none)";
async function type(pair: LabPair, who: string, text: string): Promise<void> {
  const doc = pair.session.state().docs.get(who);
  doc?.body.insert(doc.body.length, text);
  doc?.flush();
  await pair.settled();
}
const bodies = (pair: LabPair): string[] => ["ana", "ben", "cleo"].map((who) => bodyOf(pair, who));
const done = (pair: LabPair): string[] => pair.session.state().plan.steps.map((step) => step.do);

describe("a visit to the Lab", () => {
  test("begins with a text that everyone has, after some virtual time", async () => {
    const pair = await begin();
    expect(pair.session.state().phase).toBe("ready");
    expect(pair.session.time().nowMs).toBe(firstLookMs);
    expect(bodies(pair)).toEqual(["ferry ", "ferry ", "ferry "]);
  });

  test("cut, edit apart, heal: texts meet, and every act is a step at its virtual time", async () => {
    const pair = await begin();
    pair.session.perform({ do: "cut", who: "ben" });
    await pair.settled();
    await type(pair, "ana", "lamps ");
    await type(pair, "ben", "rope ");
    pair.session.advance(1000);
    await pair.settled();
    expect(bodies(pair)).toEqual(["ferry lamps ", "ferry rope ", "ferry lamps "]);
    pair.session.perform({ do: "heal", who: "ben" });
    pair.session.advance(1000);
    await pair.settled();
    const [ana, ben, cleo] = bodies(pair);
    expect(ana?.split(" ").toSorted()).toEqual(["", "ferry", "lamps", "rope"]);
    expect([ben, cleo]).toEqual([ana, ana]);
    expect(
      pair.session
        .state()
        .plan.steps.slice(1)
        .map(({ at, do: what }) => [at, what]),
    ).toEqual([
      [6000, "cut"],
      [6000, "update"],
      [6000, "update"],
      [7000, "heal"],
    ]);
  });

  test("time passes by its speed, stands still when paused, and edits count all the same", async () => {
    const pair = await begin();
    pair.session.play(10);
    await pair.pass(500);
    const nowMs = pair.session.time().nowMs;
    expect(nowMs).toBeGreaterThan(firstLookMs + 3000);
    pair.session.play(0);
    await pair.pass(500);
    const stoppedMs = pair.session.time().nowMs;
    await pair.pass(500);
    expect(pair.session.time().nowMs).toBe(stoppedMs);
    await type(pair, "cleo", "late ");
    expect(pair.session.state().plan.steps.at(-1)).toMatchObject({ at: stoppedMs, do: "update", who: "cleo" });
  });

  test("back in time: later steps come again, until something new is done; then they are dropped, and the text typed stays", async () => {
    const pair = await begin();
    await type(pair, "ana", "one ");
    pair.session.advance(2000);
    await pair.settled();
    await type(pair, "ana", "two ");
    pair.session.advance(2000);
    await pair.settled();
    pair.session.goTo(7000);
    await pair.settled();
    expect(pair.workers()).toBe(2);
    expect(bodyOf(pair, "ana")).toBe("ferry one ");
    expect(pair.session.state().past).toEqual({ later: 1 });
    // Nothing is lost by looking back.
    expect((await pair.session.scenario()).steps).toHaveLength(3);
    pair.session.goTo(pair.session.reachedMs());
    await pair.settled();
    expect(bodyOf(pair, "ana")).toBe("ferry one two ");
    expect(pair.session.state().past).toBeUndefined();

    pair.session.goTo(7000);
    await pair.settled();
    await type(pair, "ben", "other ");
    await pair.settled();
    expect(pair.session.state().past).toBeUndefined();
    expect(pair.session.state().dropped).toBe(1);
    pair.session.advance(5000);
    await pair.settled();
    expect(bodies(pair)).toEqual(["ferry one other ", "ferry one other ", "ferry one other "]);
    expect(done(pair)).toEqual(["type", "update", "update"]);
  });

  test("a device more: the past stays, the newcomer gets the text, and what is typed meanwhile is not lost", async () => {
    const pair = await begin();
    await type(pair, "ana", "one ");
    pair.session.addDevice();
    const doc = pair.session.state().docs.get("ana");
    doc?.body.insert(0, "meanwhile ");
    doc?.flush();
    await pair.settled();
    pair.session.advance(1000);
    await pair.settled();
    expect(Object.keys(pair.session.state().plan.devices)).toEqual(["ana", "ben", "cleo", "dov"]);
    expect(["ana", "dov"].map((who) => bodyOf(pair, who))).toEqual(["meanwhile ferry one ", "meanwhile ferry one "]);
  });

  test("a crash makes the editor anew, with what the device still has", async () => {
    const pair = await begin();
    const before = pair.session.state().docs.get("ben");
    pair.session.perform({ do: "crash", who: "ben", down: "3s" });
    await pair.settled();
    expect(pair.session.state().view?.replicas[1]?.alive).toBe(false);
    pair.session.advance(4000);
    await pair.settled();
    const after = pair.session.state().docs.get("ben");
    expect(after).not.toBe(before);
    expect(after?.body.toJSON()).toBe("ferry ");
  });

  test("what can't be done is said", async () => {
    const pair = await begin();
    pair.session.perform({ do: "crash", who: "ben", down: "3s" });
    pair.session.perform({ do: "type", who: "ben", text: "x" });
    await pair.settled();
    expect(pair.session.state().refused).toBe("ben is not there");
    pair.session.perform({ do: "heal", who: "all" });
    await pair.settled();
    expect(pair.session.state().refused).toBe("");
  });

  test("text that the device could not take leaves its editor again", async () => {
    const pair = await begin();
    pair.session.perform({ do: "crash", who: "ben", down: "3s" });
    await type(pair, "ben", "too late");
    pair.session.advance(4000);
    await pair.settled();
    expect(bodyOf(pair, "ben")).toBe("ferry ");
  });

  test("a run with as many steps as a file can hold takes no more", async () => {
    const full = firstScenario(2, 1, "x");
    open = openLabPair({ ...full, steps: Array.from({ length: 9900 }, () => ({ at: 100_000, do: "heal", who: "ana" }) as const) });
    open.session.play(0);
    await open.settled();
    open.session.perform({ do: "cut", who: "ana" });
    await open.settled();
    expect(open.session.state().plan.steps).toHaveLength(9900);
    expect(open.session.state().refused).toContain("as many steps");
  });

  test("a check replays what a file would hold, in another worker, and the run goes on", async () => {
    const pair = await begin();
    await type(pair, "ana", "x");
    pair.session.check();
    await pair.settled();
    const { check } = pair.session.state();
    expect(check.kind === "done" ? check.result.ok : check.kind).toBe(true);
    expect(check.kind === "done" ? check.result.scenario : undefined).toEqual(await pair.session.scenario());
    expect(pair.workers()).toBe(2);
    pair.session.advance(1000);
    await pair.settled();
    expect(pair.session.time().nowMs).toBe(firstLookMs + 1000);
  });

  test("switched off for good: off, and not waited for at the end", async () => {
    const pair = await begin();
    pair.session.switchOff("cleo");
    await pair.settled();
    expect(pair.session.state().view?.replicas[2]?.alive).toBe(false);
    expect((await pair.session.scenario()).without).toEqual(["cleo"]);
  });

  test("another scenario replaces everything", async () => {
    const pair = await begin();
    await type(pair, "ana", "x");
    pair.session.load(firstScenario(2, 5, "new "), { atMs: 3000, speed: 0 });
    await pair.settled();
    expect(pair.session.time().nowMs).toBe(3000);
    expect([...pair.session.state().docs.keys()]).toEqual(["ana", "ben"]);
    expect(bodyOf(pair, "ben")).toBe("new ");
    expect(pair.session.state().past).toBeUndefined();
  });
});
