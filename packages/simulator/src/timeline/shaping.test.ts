/** What the page is given, from traces made by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TraceEvent } from "../trace/trace-event.ts";
import { agreementWords } from "./agreement-words.ts";
import { bandsOf } from "./bands.ts";
import { buildModel, finalStateOf } from "./build-model.ts";
import { capTrace } from "./cap-trace.ts";
import { densityOf } from "./density.ts";
import { describeFrame, wayOf } from "./describe-frame.ts";
import { markDifferences } from "./differing-words.ts";
import { laneFinder, lanesOf } from "./lanes.ts";
import { layoutOf } from "./lane-layout.ts";
import { pairFrames } from "./pair-frames.ts";
import { hugeRun, sampleRun } from "./sample-trace.test-support.ts";
import { createStateColours } from "./state-colours.ts";
import { agreement, devicesAt } from "./state-at.ts";
import { chipOf } from "./status-chip.ts";
import { createTextReader, createTextStore } from "./text-store.ts";
import { clampView, fit, follow, tickStep, zoom } from "./viewport.ts";
import { listText, short, spanText, timeText } from "./words.ts";

const send = (t: number, frame: number, who = "ana"): TraceEvent => ({
  t,
  kind: "send",
  frame,
  who,
  relay: "relay",
  dir: "up",
  bytes: 120,
  what: ["append", "heads"],
});
const replica = (t: number, who: string, hash: string, text = hash): TraceEvent => ({ t, kind: "replica", who, hash, text, missing: 0 });
const runOf = (trace: readonly TraceEvent[], devices: readonly string[] = ["ana", "ben"]): ReturnType<typeof sampleRun> => ({
  ...sampleRun({ minutes: 1 }),
  scenario: { v: 1, seed: 1, devices: Object.fromEntries(devices.map((name) => [name, {}])), steps: [] },
  trace,
  simulatedMs: 1000,
});

describe("lanes", () => {
  test("the relay stands in the middle; who only the trace knows has a lane, too", () => {
    const run = runOf([replica(1, "copy-of-ana", "aa"), send(2, 1)], ["ana", "ben", "cleo"]);
    expect(lanesOf(run.scenario, run.trace).map((lane) => lane.name)).toEqual(["ana", "ben", "relay", "cleo", "copy-of-ana"]);
  });

  test("a fault of a link belongs to its device", () => {
    const run = runOf([]);
    const laneOf = laneFinder(lanesOf(run.scenario, []));
    expect([laneOf("ana"), laneOf("ana's link"), laneOf("link of ben"), laneOf("relay"), laneOf("nobody")]).toEqual([0, 0, 2, 1, -1]);
  });

  test("no strip of a lane lies over another", () => {
    const layout = layoutOf(buildModel(sampleRun()));
    for (const place of layout.lanes) {
      const strips = [place.edits, place.state, place.saved, place.bands, place.connection].filter((strip) => strip.height > 0);
      strips.sort((a, b) => a.y - b.y);
      strips.forEach((strip, i) => expect(strip.y).toBeGreaterThanOrEqual((strips[i - 1]?.y ?? 0) + (strips[i - 1]?.height ?? 0)));
      expect(strips.at(-1)?.y ?? 0).toBeLessThan(layout.height);
    }
  });
});

test("what comes after the end of the run is nobody's state", () => {
  const life = (t: number, state: "up" | "down"): TraceEvent => ({ t, kind: "life", who: "ana", state, life: 1 });
  const end: TraceEvent = { t: 1000, kind: "phase", phase: "end" };
  const ended = buildModel(runOf([life(0, "up"), replica(1, "ana", "aa"), end, life(1000, "down")]));
  expect(devicesAt(ended, 1000)).toEqual(devicesAt(buildModel(runOf([life(0, "up"), replica(1, "ana", "aa"), end])), 1000));
  const early = buildModel(runOf([life(0, "up"), replica(1, "ana", "aa"), life(1000, "down"), end]));
  expect(devicesAt(early, 1000)).not.toEqual(devicesAt(ended, 1000));
});

describe("frames", () => {
  test("each finds its own end; what never ends is on its way", () => {
    const trace: TraceEvent[] = [
      send(1, 1),
      send(2, 2),
      { t: 3, kind: "lost", frame: 2, why: "cut" },
      send(4, 3),
      { t: 5, kind: "arrive", frame: 1 },
    ];
    expect(pairFrames(trace).map(({ send, end }) => [send.frame, end?.kind, end?.t])).toEqual([
      [1, "arrive", 5],
      [2, "lost", 3],
      [3, undefined, undefined],
    ]);
    const model = buildModel(runOf(trace));
    expect(model.frames.endAt).toEqual([5, 3, -1]);
    expect(wayOf(model, 0)).toBe("ana → relay");
    expect(describeFrame(model, 0)).toBe("append, heads, 120 bytes, took 4 ms");
    expect(describeFrame(model, 1, 3)).toBe("lost, append, heads, 120 bytes, lost after 1 ms: cut");
    expect(describeFrame(model, 2, 4)).toBe("sent, append, heads, 120 bytes, still on its way at the end");
  });

  test("an end without a beginning is no line, and a frame that comes twice came when it came first", () => {
    const model = buildModel(
      runOf([{ t: 1, kind: "arrive", frame: 9 }, send(2, 1), { t: 3, kind: "arrive", frame: 1 }, { t: 4, kind: "arrive", frame: 1 }]),
    );
    expect(model.lines.at).toEqual([2, 3, 4]);
    expect(model.frames.endAt).toEqual([3]);
  });

  test("slices count every frame in view exactly once", () => {
    const { frames, lanes, endMs } = buildModel(sampleRun());
    const density = densityOf(frames, lanes.length, 0, endMs + 1, 50);
    const sum = (column: Uint32Array): number => column.reduce((total, count) => total + count, 0);
    expect(sum(density.up) + sum(density.down)).toBe(frames.sentAt.length);
    expect(sum(density.lost)).toBe(frames.lost.filter((lost) => lost === 1).length);
    expect(sum(density.lost)).toBeGreaterThan(10);
  });
});

describe("bands", () => {
  const fault = (t: number, what: string, on: boolean): TraceEvent => ({ t, kind: "fault", who: "ana", what, on });
  test("from on to off, or to the end; those that overlap are in rows", () => {
    const trace = [fault(1, "cut", true), fault(2, "slow", true), fault(3, "cut", true), fault(5, "cut", false), fault(6, "cut", true)];
    expect(bandsOf(trace, () => 0, 9)).toEqual([
      { lane: 0, what: "cut", from: 1, to: 5, row: 0 },
      { lane: 0, what: "slow", from: 2, to: 9, row: 1 },
      { lane: 0, what: "cut", from: 6, to: 9, row: 0 },
    ]);
  });

  test("an end without a beginning is nothing, and the rows are bounded", () => {
    expect(bandsOf([fault(1, "cut", false)], () => 0, 9)).toEqual([]);
    const many = Array.from({ length: 20 }, (_, i) => fault(i, `fault ${i}`, true));
    expect(Math.max(...bandsOf(many, () => 0, 99).map((band) => band.row))).toBe(2);
  });
});

describe("states", () => {
  test("the same hash has the same colour in every lane, and the one that all end with is teal", () => {
    const model = buildModel(
      runOf([replica(1, "ana", "aa"), replica(2, "ben", "bb"), replica(3, "ben", "aa"), replica(4, "ana", "cc"), replica(5, "ben", "cc")]),
    );
    expect(model.tracks[0]?.state.value).toEqual([0, 2]);
    expect(model.tracks[2]?.state.value).toEqual([1, 0, 2]);
    expect(model.states.map((state) => state.hue < 0)).toEqual([false, false, true]);
  });

  test("no agreement at the end, no teal; devices that stay away don't count", () => {
    const trace = [replica(1, "ana", "aa"), replica(2, "ben", "bb")];
    expect(finalStateOf(trace, [])).toBeUndefined();
    expect(finalStateOf(trace, ["ben"])).toBe("aa");
  });

  test("hues of neighbours are far apart, and all are far from teal", () => {
    const colours = createStateColours(undefined);
    for (let i = 0; i < 500; i += 1) colours.indexOf(String(i));
    const hues = colours.list().map((colour) => colour.hue);
    const apart = (a: number, b: number): number => Math.min(Math.abs(a - b), 360 - Math.abs(a - b));
    hues.forEach((hue, i) => {
      expect(apart(hue, 195)).toBeGreaterThanOrEqual(27);
      if (i > 0) expect(apart(hue, hues[i - 1] ?? 0)).toBeGreaterThan(50);
    });
  });

  test("the agreement says how many different states the running devices hold", () => {
    const life = (t: number, who: string, state: "up" | "down"): TraceEvent => ({ t, kind: "life", who, state, life: 1 });
    const trace = [
      life(0, "ana", "up"),
      life(0, "ben", "up"),
      replica(1, "ana", "aa"),
      replica(2, "ben", "bb"),
      life(4, "ben", "down"),
      life(6, "ben", "up"),
      replica(7, "ben", "aa"),
    ];
    expect(agreement(buildModel(runOf(trace)))).toEqual({ at: [0, 1, 2, 4, 6, 7], value: [0, 1, 2, 1, 2, 1] });
  });
});

describe("texts", () => {
  test("come back as they were, however they changed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("ana", "ben"), fc.string({ unit: "grapheme", maxLength: 40 })), { maxLength: 200 }),
        (added) => {
          const store = createTextStore();
          const indices = added.map(([who, text]) => store.add(who, text));
          const read = createTextReader(store.texts());
          for (const [i, [, text]] of added.entries()) expect(read(indices[i] ?? -1)).toBe(text);
        },
      ),
    );
  });

  test("typing a long text takes little room, and what has no room is the oldest", () => {
    const store = createTextStore(20_000);
    let text = "x".repeat(5000);
    for (let i = 0; i < 300; i += 1) text += "y";
    let added = 0;
    const indices: number[] = [];
    for (; text.length > 5000; text = text.slice(0, -1)) {
      indices.push(store.add("ana", text));
      added += 1;
    }
    expect(added).toBe(300);
    expect(store.texts().reduce((sum, stored) => sum + stored[3].length, 0)).toBeLessThanOrEqual(20_000);
    expect(indices.slice(0, 100).every((index) => index >= 0)).toBe(true);
    expect(indices.at(-1)).toBe(-1);
    expect(createTextReader(store.texts())(-1)).toBeUndefined();
  });

  test("words that not all have are marked, by how often they have them", () => {
    const marked = markDifferences(["the cat the end", "the cat  end", "the dog the end"]).map((pieces) =>
      pieces.map((piece) => (piece.differs ? `[${piece.text}]` : piece.text)).join(""),
    );
    expect(marked).toEqual(["the [cat] [the] end", "the [cat]  end", "the [dog] [the] end"]);
    expect(markDifferences(["same", "same"])).toEqual([[{ text: "same", differs: false }], [{ text: "same", differs: false }]]);
  });

  test("joined, the pieces are the text", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (texts) => {
        expect(markDifferences(texts).map((pieces) => pieces.map((piece) => piece.text).join(""))).toEqual(texts);
      }),
    );
  });
});

describe("a moment", () => {
  const run = sampleRun();
  const model = buildModel(run);
  const nameOf = (lane: number): string => model.lanes[lane]?.name ?? "";

  test("holds what the trace last said of each device", () => {
    const read = createTextReader(model.texts);
    for (const t of [0, 30_000, 75_000, 150_000, 299_000]) {
      for (const device of devicesAt(model, t)) {
        const last = run.trace.findLast((event) => event.kind === "replica" && event.who === nameOf(device.lane) && event.t <= t);
        if (last?.kind !== "replica") expect(device.state).toBe(-1);
        else {
          expect(model.states[device.state]?.hash).toBe(last.hash);
          expect(read(device.text)).toBe(last.text);
          expect(device.missing).toBe(last.missing);
        }
      }
    }
  });

  test("says in words who agrees, who is away, and what each person is told", () => {
    expect(agreementWords(devicesAt(model, 299_000), nameOf)).toEqual({
      agrees: true,
      text: "All 3 replicas hold the same text and the same state.",
    });
    const cut = devicesAt(model, 100_000);
    expect(agreementWords(cut, nameOf).text).toMatch(/^[23] different states: /);
    expect(chipOf(cut[1] ?? never()).text).toMatch(/^Offline · \d+ changes kept on this device$/);
    expect(cut[1]?.faults).toContain("link cut");
    const down = devicesAt(model, 175_000);
    expect(agreementWords(down, nameOf).text).toContain("cleo is not running.");
    expect(chipOf(down[2] ?? never()).text).toBe("Not running");
    expect(chipOf(devicesAt(model, 299_000)[0] ?? never()).text).toBe("1 thing to review");
  });

  test("before anything happened there is nothing", () => {
    const empty = buildModel(runOf([]));
    expect(agreementWords(devicesAt(empty, 0), nameOf).text).toBe("No replica holds the document at this moment.");
  });
});

const never = (): never => {
  throw new Error("not there");
};

describe("long runs", () => {
  test("keep their newest part, what held when it begins, and say what is missing", () => {
    const trace: TraceEvent[] = [
      { t: 0, kind: "life", who: "ana", state: "up", life: 1 },
      { t: 0, kind: "fault", who: "ana", what: "slow", on: true },
      { t: 0, kind: "fault", who: "ana", what: "cut", on: true },
      { t: 1, kind: "fault", who: "ana", what: "cut", on: false },
      ...Array.from({ length: 10 }, (_, i) => replica(2 + i, "ana", `h${i}`)),
      ...Array.from({ length: 10 }, (_, i) => send(20 + i, i)),
      ...Array.from({ length: 10 }, (_, i): TraceEvent => ({ t: 40 + i, kind: "arrive", frame: i })),
    ];
    const capped = capTrace(trace, { frames: 4, others: 5 });
    expect(capped.trace.filter((event) => event.kind === "send").map((event) => event.frame)).toEqual([6, 7, 8, 9]);
    expect(capped.trace.filter((event) => event.kind === "arrive")).toHaveLength(4);
    expect(capped.trace.filter((event) => event.kind === "fault").map((event) => event.what)).toEqual(["slow"]);
    expect(capped.trace.filter((event) => event.kind === "replica").map((event) => event.hash)).toEqual([
      "h4",
      "h5",
      "h6",
      "h7",
      "h8",
      "h9",
    ]);
    expect(capped.trace.some((event) => event.kind === "life")).toBe(true);
    expect(capped.leftOut).toEqual([
      "6 frames sent before 0:00.026 are left out; the last 4 are here.",
      "9 other events up to 0:00.006 are left out; the last 5 are here.",
    ]);
    expect(capTrace(trace).leftOut).toEqual([]);
  });

  test("become a page of bounded size", () => {
    const model = buildModel(hugeRun(170_000));
    expect(model.frames.sentAt).toHaveLength(100_000);
    expect(model.leftOut).toHaveLength(2);
    expect(JSON.stringify(model).length).toBeLessThan(16_000_000);
  });
});

describe("the view", () => {
  test("stays inside of the run, and what is pointed at stays where it is", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 20, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (factor, share) => {
        const view = zoom({ from: 2000, to: 6000 }, factor, 2000 + share * 4000, 10_000);
        expect(view.from).toBeGreaterThanOrEqual(0);
        expect(view.to).toBeLessThanOrEqual(10_000 + 1e-6);
        expect(view.to - view.from).toBeGreaterThanOrEqual(5 - 1e-6);
      }),
    );
    expect(zoom({ from: 2000, to: 6000 }, 0.5, 3000, 10_000)).toEqual({ from: 2500, to: 4500 });
    expect(clampView({ from: -50, to: 50 }, 1000)).toEqual({ from: 0, to: 100 });
    expect(follow({ from: 0, to: 100 }, 150, 1000)).toEqual({ from: 140, to: 240 });
    expect(fit(2)).toEqual({ from: 0, to: 2 });
    expect(clampView({ from: 0, to: 1 }, 2)).toEqual({ from: 0, to: 2 });
  });

  test("the axis has a handful of marks, whatever the length", () => {
    for (const span of [5, 300, 61_000, 5 * 60_000, 86_400_000, 400 * 86_400_000]) {
      const marks = span / tickStep(span, 10);
      expect(marks).toBeGreaterThan(1);
      expect(marks).toBeLessThanOrEqual(10);
    }
  });
});

test("times and names as people read them", () => {
  expect([timeText(62_345), timeText(3_723_456, 1), timeText(2 * 86_400_000 + 1000, 0), timeText(-5)]).toEqual([
    "1:02.345",
    "1:02:03.4",
    "2d 00:00:01",
    "0:00.000",
  ]);
  expect([spanText(0.5), spanText(340), spanText(2500), spanText(12_000_000), spanText(30 * 86_400_000)]).toEqual([
    "0.5 ms",
    "340 ms",
    "2.5 s",
    "3 h 20 min",
    "30 days",
  ]);
  expect([listText([]), listText(["a"]), listText(["a", "b"]), listText(["a", "b", "c"])]).toEqual(["", "a", "a and b", "a, b and c"]);
  expect(short("abc😀def", 5)).toBe("abc…");
});
