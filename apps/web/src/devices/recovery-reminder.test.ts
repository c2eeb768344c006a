import { describe, expect, test } from "vitest";
import type { DeviceSummary } from "../client.ts";
import { isReminderDue, putOffForMs, recoveryState, remindAfterMs } from "./recovery-reminder.ts";
import type { ReminderParts } from "./recovery-reminder.ts";

const nowMs = Date.UTC(2026, 5, 15, 12);
const device: DeviceSummary = { deviceId: "d", name: "", isThis: true, revoked: false, seenAtMs: undefined, kitMadeAtMs: undefined };
const due: ReminderParts = {
  devices: { kit: undefined, devices: [device], read: true, revoked: false, mayJoinAccount: false },
  documents: [{ createdAtMs: nowMs }, { createdAtMs: nowMs - remindAfterMs }],
  putOffAtMs: undefined,
  nowMs,
};

describe("the reminder to make recovery words", () => {
  test("comes when the oldest document is a week old, not a moment before", () => {
    expect(remindAfterMs).toBe(7 * 24 * 3_600_000);
    expect(isReminderDue(due)).toBe(true);
    expect(isReminderDue({ ...due, nowMs: nowMs - 1 })).toBe(false);
    expect(isReminderDue({ ...due, documents: due.documents.toReversed() })).toBe(true);
  });

  test("does not come without a document, nor for documents whose links need no account", () => {
    expect(isReminderDue({ ...due, documents: [] })).toBe(false);
    expect(isReminderDue({ ...due, devices: { ...due.devices, mayJoinAccount: true } })).toBe(false);
  });

  test("does not come to who has words, nor to a device that can make none", () => {
    expect(isReminderDue({ ...due, devices: { ...due.devices, kit: { madeAtMs: 0 } } })).toBe(false);
    expect(isReminderDue({ ...due, devices: { ...due.devices, revoked: true } })).toBe(false);
    // Nor while it is not known yet whether there are any.
    expect(isReminderDue({ ...due, devices: { ...due.devices, read: false } })).toBe(false);
  });

  test("is put off for thirty days, and comes back then", () => {
    expect(putOffForMs).toBe(30 * 24 * 3_600_000);
    for (const [putOffAtMs, isDue] of [
      [nowMs, false],
      [nowMs - putOffForMs + 1, false],
      [nowMs - putOffForMs, true],
    ] as const)
      expect(isReminderDue({ ...due, putOffAtMs })).toBe(isDue);
  });

  test("is not put off by a clock that was ahead", () => {
    expect(isReminderDue({ ...due, putOffAtMs: nowMs + 1 })).toBe(true);
    // Nor does one that is behind bring it early.
    expect(isReminderDue({ ...due, documents: [{ createdAtMs: nowMs + remindAfterMs }] })).toBe(false);
  });
});

test("words are worth having once there is a document or another device", () => {
  const alone = { kit: undefined, devices: [device], read: true };
  expect(recoveryState(alone, [])).toBeUndefined();
  expect(recoveryState(alone, [1])).toBe("not-set-up");
  expect(recoveryState({ ...alone, devices: [device, device] }, [])).toBe("not-set-up");
  expect(recoveryState({ ...alone, kit: { madeAtMs: 0 } }, [])).toBe("set-up");
  expect(recoveryState({ ...alone, read: false }, [1])).toBeUndefined();
});
