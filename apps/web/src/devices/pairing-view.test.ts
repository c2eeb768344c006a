import { describe, expect, test } from "vitest";
import type { PairingStatus } from "../client.ts";
import { entryBefore, firstEntry, isShortCode, pairingView } from "./pairing-view.ts";

const full = "C9R2D-5BTFQ-2NY0M-3ARMN-4X0SD-ZJ9G7-HWXTR-S43Z8-E5TVM-NA7QB-3D2F";
const short = "C1R2D-5BTFQ-2NY0M-3ARMN-4X0SD-ZJ9G";
const endsAtMs = 300_000;
const idle = (failure?: string) => ({ at: "idle", role: "old", triesLeft: 2, endsAtMs, failure }) as const satisfies PairingStatus;
const waiting = (code?: string) =>
  ({ at: "waiting", role: "old", code, triesLeft: 2, endsAtMs, online: true }) as const satisfies PairingStatus;

describe("which screen is shown", () => {
  test.each([
    ["show", "making"],
    ["type", "typing"],
    ["scan", "scanning"],
  ] as const)("before a try, %s is %s", (entry, kind) => {
    expect(pairingView(idle(), { entry, dismissed: false }).kind).toBe(kind);
  });

  test.each(["show", "type", "scan"] as const)("how a try ended is told whatever was chosen (%s), until it was read", (entry) => {
    expect(pairingView(idle("rejected"), { entry, dismissed: false })).toMatchObject({ kind: "failed", failure: "rejected" });
    expect(pairingView(idle("rejected"), { entry, dismissed: true }).kind).not.toBe("failed");
  });

  test("a code of our own stays good while another is typed, and is shown again after that", () => {
    expect(pairingView(waiting(full), { entry: "show", dismissed: false })).toMatchObject({ kind: "showing", code: full, isShort: false });
    expect(pairingView(waiting(full), { entry: "type", dismissed: false }).kind).toBe("typing");
    expect(pairingView(waiting(short), { entry: "show", dismissed: false })).toMatchObject({ kind: "showing", isShort: true });
  });

  test.each(["show", "type", "scan"] as const)("once the other's code was taken, nothing is left to choose (%s)", (entry) => {
    expect(pairingView(waiting(), { entry, dismissed: false }).kind).toBe("connecting");
  });

  test("what the peer says goes before what was chosen", () => {
    const comparing = { at: "comparing", role: "new", digits: "123456", words: ["a", "b", "c"], endsAtMs, deviceName: "" } as const;
    for (const status of [
      comparing,
      { at: "finishing", role: "new", endsAtMs },
      { at: "done", role: "new", deviceName: "" },
      { at: "ended", role: "new", reason: "expired", failure: undefined },
    ] as const)
      for (const entry of ["show", "type", "scan"] as const) expect(pairingView(status, { entry, dismissed: true }).kind).toBe(status.at);
  });
});

test("codes are told apart by their length", () => {
  expect(isShortCode(short)).toBe(true);
  expect(isShortCode(full)).toBe(false);
});

test("back leads out of pairing from every screen", () => {
  for (const role of ["old", "new"] as const) {
    expect(entryBefore(firstEntry[role], role)).toBeUndefined();
    for (const entry of ["show", "type", "scan"] as const) {
      let at: typeof entry | undefined = entry;
      for (let steps = 0; at !== undefined && steps < 3; steps += 1) at = entryBefore(at, role);
      expect(at).toBeUndefined();
    }
  }
});
