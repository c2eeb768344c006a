import { createPublicKey, verify as nodeVerify } from "node:crypto";
import { bytesEqual, decodeRecord, encodeHashedPart, encodeRecord, encodeRecordHeader, limits } from "@skerry/protocol";
import type { DocId, Signature } from "@skerry/protocol";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { encrypt } from "./aead.ts";
import { castOf, recordBodyOf, recordHeaderOf, recordOf, repeatable } from "./cast.test-support.ts";
import type { Cast } from "./cast.test-support.ts";
import { bytesOf, counting, flipBit, hexOf } from "./hex.test-support.ts";
import {
  documentKey,
  exportSecret,
  generateEpochKey,
  importSecret,
  openRecord,
  presenceKey,
  ready,
  recordHashOf,
  sealRecord,
  verifyRecord,
} from "./index.ts";

let cast: Cast;
beforeAll(async () => {
  await ready;
  cast = castOf(1);
});

const sealOf = (update: Uint8Array, header = recordHeaderOf(cast)) =>
  sealRecord({ header, body: recordBodyOf(update), key: cast.key, device: cast.alice, random: cast.random });

test("CR-5 whatever update is sealed opens again, its hash is the one returned, and its signature verifies", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.constantFrom("genesis" as const, "update" as const), (update, kind) => {
      const header = recordHeaderOf(cast, { kind });
      const sealed = sealOf(update, header);
      const record = recordOf(sealed.bytes);
      expect(record.header).toEqual(header);
      expect(recordHashOf(record.hashedBytes)).toEqual(sealed.recordHash);
      expect(verifyRecord(record, sealed.recordHash)).toBe(true);
      expect(openRecord(record, cast.key)).toEqual({ ok: true, value: recordBodyOf(update) });
    }),
    repeatable,
  );
});

test("CR-5 the largest update that the protocol allows fits into a record", () => {
  const certificate = new Uint8Array(256);
  const update = new Uint8Array(limits.updateBytesMax).fill(7);
  const sealed = sealRecord({
    header: recordHeaderOf(cast),
    body: { ...recordBodyOf(update), certificate },
    key: cast.key,
    device: cast.alice,
    random: cast.random,
  });
  expect(sealed.bytes.length).toBeLessThanOrEqual(limits.recordBytesMax);
  const opened = openRecord(recordOf(sealed.bytes), cast.key);
  expect(opened.ok && opened.value.update.length).toBe(limits.updateBytesMax);
});

test("CR-5 every single bit counts: no record with one bit turned over is accepted, and none but those of the signature opens", () => {
  const sealed = sealOf(counting(40));
  const signatureAt = 8 * (sealed.bytes.length - 64);
  let decoded = 0;
  for (let bit = 0; bit < 8 * sealed.bytes.length; bit++) {
    const record = decodeRecord(flipBit(sealed.bytes, bit));
    if (!record.ok) continue;
    decoded++;
    // Both against the hash of the bytes and against the hash that the next record would name.
    const recordHash = recordHashOf(record.value.hashedBytes);
    expect(verifyRecord(record.value, recordHash), `bit ${bit}`).toBe(false);
    expect(bytesEqual(recordHash, sealed.recordHash), `bit ${bit}`).toBe(bit >= signatureAt);
    expect(openRecord(record.value, cast.key).ok, `bit ${bit}`).toBe(bit >= signatureAt);
  }
  // Most flips decode: the loop above did look at them.
  expect(decoded).toBeGreaterThan(7 * sealed.bytes.length);
});

test("CR-4 a record opens under the key of its document and epoch, and under no other", () => {
  const record = recordOf(sealOf(counting(40)).bytes);
  const otherDoc = counting(16) as DocId;
  const others = [
    documentKey(cast.epochKey, otherDoc),
    documentKey(generateEpochKey(cast.random), cast.docId),
    presenceKey(cast.epochKey, cast.docId),
    cast.epochKey,
  ];
  expect(openRecord(record, cast.key).ok).toBe(true);
  for (const key of others) expect(openRecord(record, key)).toEqual({ ok: false, error: "undecryptable" });
});

// Python: blake2b(b"skerry.v1.document-key" + bytes(range(16)), digest_size=32, key=bytes(range(32))), and of b"skerry.v1.document-presence" with that as key
test("CR-4 document and presence keys are the golden ones", () => {
  const epochKey = importSecret(counting(32));
  const docId = counting(16) as DocId;
  expect(hexOf(exportSecret(documentKey(epochKey, docId)))).toBe("1f0703c9802b1dcbfc503ec49d37040ad89c4ec6de89981b3c8800a0d7b19f56");
  expect(hexOf(exportSecret(presenceKey(epochKey, docId)))).toBe("08e187da0e5ef3b0598f50401d5bd41120177505149da5570a21f6b377ca03ce");
});

describe("CR-5 what a relay or member could splice", () => {
  test("a ciphertext under another header does not open, though the same key seals both", () => {
    const record = recordOf(sealOf(counting(40)).bytes);
    const moved = encodeRecordHeader(recordHeaderOf(cast, { n: 2 }));
    const spliced = recordOf(encodeRecord(encodeHashedPart(moved, record.nonce, record.ciphertext), record.signature));
    expect(openRecord(spliced, cast.key)).toEqual({ ok: false, error: "undecryptable" });
    expect(verifyRecord(spliced, recordHashOf(spliced.hashedBytes))).toBe(false);
  });

  test("another device's signature, another kind's, or one over another hash does not verify", () => {
    const sealed = sealOf(counting(40));
    const record = recordOf(sealed.bytes);
    const byBob = recordOf(
      sealRecord({
        header: recordHeaderOf(cast, { deviceId: cast.bob.deviceId }),
        body: recordBodyOf(counting(40)),
        key: cast.key,
        device: cast.bob,
        random: cast.random,
      }).bytes,
    );
    expect(verifyRecord({ ...record, signature: byBob.signature }, sealed.recordHash)).toBe(false);
    expect(verifyRecord({ ...record, header: { ...record.header, kind: "genesis" } }, sealed.recordHash)).toBe(false);
    expect(verifyRecord(record, recordHashOf(byBob.hashedBytes))).toBe(false);
  });

  test("a signature of another length does not verify and does not throw", () => {
    const sealed = sealOf(counting(4));
    const record = recordOf(sealed.bytes);
    for (const length of [0, 1, 63, 65]) {
      expect(verifyRecord({ ...record, signature: new Uint8Array(length) as Signature }, sealed.recordHash)).toBe(false);
    }
  });

  test("a ciphertext shorter than its tag is undecryptable, not an exception", () => {
    const record = recordOf(sealOf(counting(4)).bytes);
    for (const length of [0, 1, 15, 16]) {
      expect(openRecord({ ...record, ciphertext: new Uint8Array(length) }, cast.key)).toEqual({ ok: false, error: "undecryptable" });
    }
  });

  test("a record in another device's name is never sealed", () => {
    const header = recordHeaderOf(cast, { deviceId: cast.bob.deviceId });
    expect(() => sealOf(counting(4), header)).toThrow("names the device");
  });
});

describe("CR-6 what a hostile member could seal", () => {
  const opened = (plaintext: Uint8Array) => {
    const record = recordOf(sealOf(counting(4)).bytes);
    return openRecord({ ...record, ciphertext: encrypt(plaintext, record.headerBytes, record.nonce, cast.key) }, cast.key);
  };

  test("a body that does not decode is malformed, padding that is not ours is bad padding", () => {
    const plaintext = new Uint8Array(64);
    expect(opened(plaintext)).toEqual({ ok: false, error: "malformed-body" });
    plaintext[63] = 1;
    expect(opened(plaintext)).toEqual({ ok: false, error: "bad-padding" });
    for (const length of [0, 3, 4, 63, 65, 128]) expect(opened(new Uint8Array(length))).toEqual({ ok: false, error: "bad-padding" });
    expect(opened(new Uint8Array(64).fill(255))).toEqual({ ok: false, error: "bad-padding" });
  });
});

describe("CR-5 golden record: its bytes cannot change silently", () => {
  test("sealed with fixed keys, nonce and header", () => {
    const golden = castOf(42);
    const sealed = sealRecord({
      header: recordHeaderOf(golden),
      body: recordBodyOf(bytesOf("000102")),
      key: golden.key,
      device: golden.alice,
      random: golden.random,
    });
    expect(hexOf(sealed.recordHash)).toMatchInlineSnapshot(`"80553cdc10a185a1518e9b7caa6070308aa3ee0e1a237ed6f114d7f73dacfaff"`);
    expect(hexOf(sealed.bytes)).toMatchInlineSnapshot(
      `"01025daf1d44ef0620792ac7f2550e2db16103d114e7bcf67e822c4eae667deecc30907f57d8ed0934637c5dd0c67d761c6a77000102030405060708090a0b0c0d0e0f01000000000000000000000000000000000000000000000000000000000000000007000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f02ffb0e722b6b53fdc27f78a2939b9609e0ab27e4fe37f8ec8509b2c659897f3568d355d92cc538eceec5103351021446ad89169879bcfcf49d3372ec27901c79eb5f74b953a0efa92fc275c98b871e72c9a37f3097abf1b5972a39026f69814cdeebda64769375880daf3ae3e285af0c51c1bdf6aae52a9954783a8d1a2790c72c876fe1020a4b1f60adb37efbdcd33f4399044704f959579acb45f53bc5f1de83ed047db27a760ce0b"`,
    );
  });
});

test("CR-3 Node's own Ed25519 accepts the signature over context, zero byte and hash", () => {
  const sealed = sealOf(counting(40));
  const record = recordOf(sealed.bytes);
  const message = Buffer.concat([Buffer.from("skerry.v1.sign-record-update\0", "ascii"), sealed.recordHash]);
  const x = Buffer.from(cast.alice.deviceId).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  expect(nodeVerify(null, message, key, record.signature)).toBe(true);
});
