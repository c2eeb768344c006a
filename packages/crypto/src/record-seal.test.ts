import { decodeRecord, emptyHead, noRecord } from "@skerry/protocol";
import type { DocId, RecordHeader, ReplicaId } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { fixedRandom } from "./fixed-random.test-support.ts";
import { documentKey, generateDevice, generateEpochKey, openRecord, ready, recordHashOf, sealRecord, verifyRecord } from "./index.ts";

beforeAll(() => ready);

test("RC-1 a sealed record decodes, verifies and opens", () => {
  const random = fixedRandom(1);
  const device = generateDevice(random);
  const docId = random.bytes(16) as DocId;
  const key = documentKey(generateEpochKey(random), docId);
  const header: RecordHeader = {
    kind: "update", docId, epoch: 1, deviceId: device.deviceId, replicaId: random.bytes(16) as ReplicaId, n: 1, prev: noRecord, seen: emptyHead, accessPosition: 0,
  };
  const body = { time: { wallMs: 5, counter: 1 }, certificate: undefined, update: new Uint8Array([1, 2, 3]) };
  const sealed = sealRecord({ header, body, key, device, random });
  const record = decodeRecord(sealed.bytes);
  if (!record.ok) throw new Error(record.error.reason);
  expect(recordHashOf(record.value.hashedBytes)).toEqual(sealed.recordHash);
  expect(verifyRecord(record.value, sealed.recordHash)).toBe(true);
  const opened = openRecord(record.value, key);
  expect(opened).toEqual({ ok: true, value: body });
});
