import type { SpaceId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  commitEpochKey,
  epochStepsMax,
  exportSecret,
  generateEpochKey,
  importSecret,
  openOldEpochKey,
  ready,
  sealOldEpochKey,
  walkEpochKeys,
} from "./index.ts";
import type { EpochStep, Secret } from "./index.ts";

const random = fixedRandom(20);
const spaceId = counting(16) as SpaceId;
const newest = 6;
/** By epoch; nothing at 0. */
let keys: readonly Secret[];
let steps: ReadonlyMap<number, EpochStep>;
const keyOf = (epoch: number): Secret => keys[epoch] as Secret;

beforeAll(async () => {
  await ready;
  keys = Array.from({ length: newest + 1 }, () => generateEpochKey(random));
  steps = new Map(
    Array.from({ length: newest - 1 }, (_, index) => index + 2).map((epoch) => [
      epoch,
      {
        sealedOldKey: sealOldEpochKey(keyOf(epoch), spaceId, epoch, keyOf(epoch - 1)),
        oldCommitment: commitEpochKey(keyOf(epoch - 1), spaceId, epoch - 1),
      },
    ]),
  );
});
const stepOf = (epoch: number): EpochStep => steps.get(epoch) as EpochStep;

test("CR-20 the new key opens the one before, and no other key, space or epoch does", () => {
  const opened = openOldEpochKey(keyOf(4), spaceId, 4, stepOf(4));
  expect(stepOf(4).sealedOldKey).toHaveLength(48);
  expect(opened.ok && exportSecret(opened.value)).toEqual(exportSecret(keyOf(3)));
  const wrong = { ok: false, error: "undecryptable" };
  expect(openOldEpochKey(keyOf(3), spaceId, 4, stepOf(4))).toEqual(wrong);
  expect(openOldEpochKey(keyOf(4), flipBit(spaceId, 9) as SpaceId, 4, stepOf(4))).toEqual(wrong);
  expect(openOldEpochKey(keyOf(4), spaceId, 5, stepOf(4))).toEqual(wrong);
  for (let bit = 0; bit < 8 * 48; bit++) {
    expect(openOldEpochKey(keyOf(4), spaceId, 4, { ...stepOf(4), sealedOldKey: flipBit(stepOf(4).sealedOldKey, bit) })).toEqual(wrong);
  }
});

test("CR-20 an old key that was never committed to is refused, and so are other lengths", () => {
  const forged = sealOldEpochKey(keyOf(4), spaceId, 4, generateEpochKey(random));
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
  expect([...walk.keys].map(([epoch, key]) => [epoch, exportSecret(key)])).toEqual(
    [6, 5, 4, 3, 2].map((epoch) => [epoch, exportSecret(keyOf(epoch))]),
  );
  for (const key of walk.keys.values()) key.wipe();
  expect(exportSecret(keyOf(newest))).toHaveLength(32);
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
    expect([...walk.keys.keys()]).toEqual([6, 5, 4]);
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
  expect(() => sealOldEpochKey(keyOf(1), spaceId, 1, keyOf(2))).toThrow("before the first");
  expect(() => openOldEpochKey(keyOf(1), spaceId, 1, stepOf(2))).toThrow("before the first");
});

test("CR-20 golden old key", () => {
  const sealed = sealOldEpochKey(importSecret(counting(32)), spaceId, 2, importSecret(counting(64).subarray(32)));
  expect(hexOf(sealed)).toMatchInlineSnapshot(
    `"786d2adc233d63c467421b43c3ff013c997ea111a5d112c822e2601c6236a5801d86f237dc1bc165c2a36a60a91187e0"`,
  );
});
