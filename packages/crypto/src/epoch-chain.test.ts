import type { SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  commitEpochKey,
  epochKeyOf,
  epochStepsMax,
  exportSecret,
  generateEpochKey,
  hasHistoryKey,
  importSecret,
  openOldEpochKey,
  ready,
  sealOldEpochKey,
  walkEpochKeys,
} from "./index.ts";
import type { EpochKey, EpochStep, EpochWalk } from "./index.ts";

const random = fixedRandom(20);
const spaceId = counting(16) as SpaceId;
const newest = 6;
/** By epoch; nothing at 0. */
let keys: readonly EpochKey[];
let steps: ReadonlyMap<number, EpochStep>;
const keyOf = (epoch: number): EpochKey => keys[epoch] as EpochKey;
/** As who reads from that epoch on has it. */
const contentOf = (epoch: number): EpochKey => ({ given: keyOf(epoch).content, content: keyOf(epoch).content });
/** What began `epoch`, made by somebody who had `old` of the one before. */
const stepBy = (epoch: number, old: EpochKey): EpochStep => ({
  sealedOldKey: sealOldEpochKey(keyOf(epoch).given, spaceId, epoch, old.given),
  oldCommitment: commitEpochKey(old.content, spaceId, epoch - 1),
});
const shown = ({ given, content }: EpochKey): readonly Uint8Array[] => [exportSecret(given), exportSecret(content)];

beforeAll(async () => {
  await ready;
  keys = Array.from({ length: newest + 1 }, (_, epoch) => epochKeyOf(generateEpochKey(random), spaceId, Math.max(1, epoch)));
  steps = new Map(
    Array.from({ length: newest - 1 }, (_, index) => index + 2).map((epoch) => [epoch, stepBy(epoch, keyOf(epoch - 1))] as const),
  );
});
const stepOf = (epoch: number): EpochStep => steps.get(epoch) as EpochStep;

test("CR-20 the new key opens the one before, and no other key, space or epoch does", () => {
  const opened = openOldEpochKey(keyOf(4), spaceId, 4, stepOf(4));
  expect(stepOf(4).sealedOldKey).toHaveLength(48);
  expect(opened.ok && shown(opened.value)).toEqual(shown(keyOf(3)));
  const wrong = { ok: false, error: "undecryptable" };
  expect(openOldEpochKey(keyOf(3), spaceId, 4, stepOf(4))).toEqual(wrong);
  expect(openOldEpochKey(keyOf(4), flipBit(spaceId, 9) as SpaceId, 4, stepOf(4))).toEqual(wrong);
  expect(openOldEpochKey(keyOf(4), spaceId, 5, stepOf(4))).toEqual(wrong);
  for (let bit = 0; bit < 8 * 48; bit++) {
    expect(openOldEpochKey(keyOf(4), spaceId, 4, { ...stepOf(4), sealedOldKey: flipBit(stepOf(4).sealedOldKey, bit) })).toEqual(wrong);
  }
});

test("CR-20 an old key that was never committed to is refused, and so are other lengths", () => {
  const forged = sealOldEpochKey(keyOf(4).given, spaceId, 4, generateEpochKey(random));
  expect(openOldEpochKey(keyOf(4), spaceId, 4, { ...stepOf(4), sealedOldKey: forged })).toEqual({ ok: false, error: "wrong-commitment" });
  for (const length of [0, 47, 49]) {
    const step = { ...stepOf(4), sealedOldKey: new Uint8Array(length) };
    expect(openOldEpochKey(keyOf(4), spaceId, 4, step)).toEqual({ ok: false, error: "bad-length" });
  }
  expect(openOldEpochKey(keyOf(4), spaceId, 4, { ...stepOf(4), oldCommitment: new Uint8Array(31) }).ok).toBe(false);
});

test("CR-20 a walk back gives every key down to the oldest wanted", () => {
  const walk = walkEpochKeys({ epochKey: keyOf(newest), spaceId, epoch: newest, oldest: 2, stepOf });
  expect(walk.stopped).toBeUndefined();
  expect([...walk.keys].map(([epoch, key]) => [epoch, shown(key)])).toEqual([5, 4, 3, 2].map((epoch) => [epoch, shown(keyOf(epoch))]));
});

test("CR-20 a walk ends at a step that is missing or does not open, says which epoch is closed and why, and keeps the newer ones", () => {
  const damaged = { ...stepOf(4), sealedOldKey: flipBit(stepOf(4).sealedOldKey, 3) };
  for (const [step, reason] of [
    [damaged, "undecryptable"],
    [undefined, "no-step"],
    [{ ...stepOf(4), oldCommitment: stepOf(5).oldCommitment }, "wrong-commitment"],
  ] as const) {
    const walk = walkEpochKeys({
      epochKey: keyOf(newest),
      spaceId,
      epoch: newest,
      oldest: 1,
      stepOf: (epoch) => (epoch === 4 ? step : stepOf(epoch)),
    });
    expect([...walk.keys.keys()]).toEqual([5, 4]);
    expect(walk.stopped).toEqual({ epoch: 3, reason });
  }
});

test("CR-20 a walk is bounded, and nothing is before the first epoch", () => {
  const walk = (epoch: number, oldest: number): unknown =>
    walkEpochKeys({ epochKey: keyOf(1), spaceId, epoch, oldest, stepOf: () => undefined });
  expect(() => walk(epochStepsMax + 2, 1)).toThrow("out of range");
  expect(() => walk(3, 4)).toThrow("out of range");
  expect(() => walk(3, 0)).toThrow("out of range");
  expect(walk(epochStepsMax + 1, 1)).toMatchObject({ stopped: { epoch: epochStepsMax, reason: "no-step" } });
  expect(() => sealOldEpochKey(keyOf(1).given, spaceId, 1, keyOf(2).given)).toThrow("before the first");
  expect(() => openOldEpochKey(keyOf(1), spaceId, 1, stepOf(2))).toThrow("before the first");
});

const walkFrom = (epoch: number, key: EpochKey, stepAt: (epoch: number) => EpochStep = stepOf): EpochWalk =>
  walkEpochKeys({ epochKey: key, spaceId, epoch, oldest: 1, stepOf: stepAt });

test("CR-31 from a content key nothing before its epoch opens, and the walk ends without anybody's fault", () => {
  expect(openOldEpochKey(contentOf(4), spaceId, 4, stepOf(4))).toEqual({ ok: false, error: "no-history" });
  const walk = walkFrom(4, contentOf(4));
  expect(walk.keys.size).toBe(0);
  expect(walk.stopped).toEqual({ epoch: 3, reason: "no-history" });
  // With the history key a step that does not open is somebody's fault.
  const damaged = { ...stepOf(4), sealedOldKey: flipBit(stepOf(4).sealedOldKey, 3) };
  expect(openOldEpochKey(keyOf(4), spaceId, 4, damaged)).toEqual({ ok: false, error: "undecryptable" });
  // A content key opens no step, of whichever epoch.
  for (let epoch = 2; epoch <= newest; epoch++)
    for (let from = 1; from <= newest; from++) expect(openOldEpochKey(contentOf(from), spaceId, epoch, stepOf(epoch)).ok).toBe(false);
});

test("CR-31 where somebody made an epoch who had no more than the content key of the one before, a walk gets that, and ends", () => {
  const walk = walkFrom(5, keyOf(5), (epoch) => (epoch === 4 ? stepBy(4, contentOf(3)) : stepOf(epoch)));
  expect([...walk.keys].map(([epoch, key]) => [epoch, hasHistoryKey(key), exportSecret(key.content)])).toEqual([
    [4, true, exportSecret(keyOf(4).content)],
    [3, false, exportSecret(keyOf(3).content)],
  ]);
  expect(walk.stopped).toEqual({ epoch: 2, reason: "no-history" });
});

test("CR-31 epochs from before there were two keys open as they did: their one key is for content, and opens the one before", () => {
  const old = (key: EpochKey): EpochKey => ({ given: key.given, content: key.given });
  const before = (epoch: number): EpochStep =>
    epoch > 3
      ? stepBy(epoch, epoch === 4 ? old(keyOf(3)) : keyOf(epoch - 1))
      : {
          sealedOldKey: sealOldEpochKey(keyOf(epoch).given, spaceId, epoch, keyOf(epoch - 1).given),
          oldCommitment: commitEpochKey(keyOf(epoch - 1).given, spaceId, epoch - 1),
        };
  for (const [from, key, expected] of [
    [3, old(keyOf(3)), [2, 1]],
    [5, keyOf(5), [4, 3, 2, 1]],
  ] as const) {
    const walk = walkFrom(from, key, before);
    expect(walk.stopped).toBeUndefined();
    expect([...walk.keys].map(([epoch, { given, content }]) => [epoch, exportSecret(given), exportSecret(content)])).toEqual(
      expected.map((epoch) => [
        epoch,
        exportSecret(keyOf(epoch).given),
        exportSecret(epoch > 3 ? keyOf(epoch).content : keyOf(epoch).given),
      ]),
    );
  }
});

test("CR-20 golden old key", () => {
  const sealed = sealOldEpochKey(importSecret(counting(32)), spaceId, 2, importSecret(counting(64).subarray(32)));
  expect(hexOf(sealed)).toMatchInlineSnapshot(
    `"786d2adc233d63c467421b43c3ff013c997ea111a5d112c822e2601c6236a5801d86f237dc1bc165c2a36a60a91187e0"`,
  );
});
