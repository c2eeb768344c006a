import { generateKeyPairSync, sign as nodeSign } from "node:crypto";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { repeatable } from "./cast.test-support.ts";
import { bytesOf, counting, hexOf } from "./hex.test-support.ts";
import { ready } from "./index.ts";
import { signUnder, signingKeyFromSeed, verifyUnder } from "./signature.ts";

beforeAll(() => ready);

/** Order of the base point, RFC 8032 section 5.1: 2^252 + 27742317777372353535851937790883648493. */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n);

test("CR-3 a signature under one context verifies under no other", () => {
  const { publicKey, secret } = signingKeyFromSeed(counting(32));
  const signature = signUnder("skerry.v1.sign-hello", secret, counting(96));
  expect(verifyUnder("skerry.v1.sign-hello", publicKey, signature, counting(96))).toBe(true);
  expect(verifyUnder("skerry.v1.sign-welcome", publicKey, signature, counting(96))).toBe(false);
});

test("CR-3 the same signature with the group's order added to S is refused: a signature has one form", () => {
  const { publicKey, secret } = signingKeyFromSeed(counting(32));
  const signature = signUnder("skerry.v1.sign-head", secret, counting(10));
  const malleable = signature.slice();
  let rest = littleEndian(signature.subarray(32)) + groupOrder;
  for (let index = 32; index < 64; index++) {
    malleable[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  expect(rest).toBe(0n);
  expect(verifyUnder("skerry.v1.sign-head", publicKey, malleable, counting(10))).toBe(false);
});

// To a verifier that takes them, points of small order seem to have signed almost anything with R = identity, S = 0.
// The list is that of libsodium's ge25519_has_small_order (crypto_core/ed25519/ref10/ed25519_ref10.c); background:
// https://eprint.iacr.org/2020/1244
test.each([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
])("CR-3 a public key of small order verifies nothing: %s", (point) => {
  const signature = new Uint8Array(64);
  signature.set(bytesOf("0100000000000000000000000000000000000000000000000000000000000000"));
  for (let tries = 0; tries < 16; tries++) {
    expect(verifyUnder("skerry.v1.sign-head", bytesOf(point), signature, Uint8Array.of(tries))).toBe(false);
  }
});

test("CR-3 keys and signatures of any length and content never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 80 }), fc.uint8Array(), (key, signature, message) => {
      expect(verifyUnder("skerry.v1.sign-head", key, signature, message)).toBe(false);
    }),
    repeatable,
  );
  expect(verifyUnder("skerry.v1.sign-head", counting(32), new Uint8Array(64), counting(1))).toBe(false);
});

test("CR-3 a signature made by Node's own Ed25519 verifies here", () => {
  const pair = generateKeyPairSync("ed25519");
  const publicKey = new Uint8Array(Buffer.from(pair.publicKey.export({ format: "jwk" }).x ?? "", "base64url"));
  const message = Buffer.concat([Buffer.from("skerry.v1.sign-head\0", "ascii"), counting(20)]);
  const signature = new Uint8Array(nodeSign(null, message, pair.privateKey));
  expect(verifyUnder("skerry.v1.sign-head", publicKey, signature, counting(20))).toBe(true);
});

test("CR-3 golden signature", () => {
  const { secret } = signingKeyFromSeed(counting(32));
  expect(hexOf(signUnder("skerry.v1.sign-hello", secret, counting(3)))).toMatchInlineSnapshot(
    `"6f8e040881951b0f8471d30e4a1598639f66d4c6784add30090e244f4d02dfff852d071830a31de379b241b241cd0445dd9b64ac91ebb1fa4485e8a19722f601"`,
  );
});
