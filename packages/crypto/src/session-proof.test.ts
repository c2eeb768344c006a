import { protocolVersion } from "@skerry/protocol";
import type { DeviceId, RelayKey, Signature } from "@skerry/protocol";
import { beforeAll, expect, test } from "vitest";
import { castOf } from "./cast.test-support.ts";
import type { Cast } from "./cast.test-support.ts";
import { counting, flipBit, hexOf } from "./hex.test-support.ts";
import { proveHello, ready, signWelcome, verifyHello, verifyWelcome } from "./index.ts";

let cast: Cast;
beforeAll(async () => {
  await ready;
  cast = castOf(3);
});

const challengeNonce = counting(32);
const clientNonce = counting(64).subarray(32);

const helloWith = (proof: Signature, deviceId: DeviceId = cast.alice.deviceId, nonce: Uint8Array = clientNonce) =>
  ({ type: "hello", version: protocolVersion, deviceId, clientNonce: nonce, proof }) as const;
const welcomeWith = (proof: Signature) =>
  ({
    type: "welcome",
    proof,
    connectionId: 1,
    ackLevel: "fsync",
    recordBytesMax: 1,
    channelsMax: 1,
    appendsPerSecond: 1,
    timeMs: 1,
  }) as const;

test("SE-2 CR-15 a hello verifies for its relay, challenge, client nonce and device, and for nothing else", () => {
  const { relayKey } = cast.relay;
  const proof = proveHello(cast.alice, relayKey, challengeNonce, clientNonce);
  expect(verifyHello(helloWith(proof), relayKey, challengeNonce)).toBe(true);
  for (let bit = 0; bit < 256; bit++) {
    expect(verifyHello(helloWith(proof), flipBit(relayKey, bit) as RelayKey, challengeNonce)).toBe(false);
    expect(verifyHello(helloWith(proof), relayKey, flipBit(challengeNonce, bit))).toBe(false);
    expect(verifyHello(helloWith(proof, cast.alice.deviceId, flipBit(clientNonce, bit)), relayKey, challengeNonce)).toBe(false);
    expect(verifyHello(helloWith(proof, flipBit(cast.alice.deviceId, bit) as DeviceId), relayKey, challengeNonce)).toBe(false);
  }
  for (let bit = 0; bit < 512; bit++) {
    expect(verifyHello(helloWith(flipBit(proof, bit) as Signature), relayKey, challengeNonce)).toBe(false);
  }
  expect(verifyHello(helloWith(proof, cast.bob.deviceId), relayKey, challengeNonce)).toBe(false);
});

test("SE-2 CR-15 a welcome verifies for its nonces, device and relay, and for nothing else", () => {
  const { relayKey } = cast.relay;
  const { deviceId } = cast.alice;
  const proof = signWelcome(cast.relay, challengeNonce, clientNonce, deviceId);
  const welcome = welcomeWith(proof);
  expect(verifyWelcome(welcome, relayKey, challengeNonce, clientNonce, deviceId)).toBe(true);
  for (let bit = 0; bit < 256; bit++) {
    expect(verifyWelcome(welcome, flipBit(relayKey, bit) as RelayKey, challengeNonce, clientNonce, deviceId)).toBe(false);
    expect(verifyWelcome(welcome, relayKey, flipBit(challengeNonce, bit), clientNonce, deviceId)).toBe(false);
    expect(verifyWelcome(welcome, relayKey, challengeNonce, flipBit(clientNonce, bit), deviceId)).toBe(false);
    expect(verifyWelcome(welcome, relayKey, challengeNonce, clientNonce, flipBit(deviceId, bit) as DeviceId)).toBe(false);
  }
  for (let bit = 0; bit < 512; bit++) {
    const flipped = welcomeWith(flipBit(proof, bit) as Signature);
    expect(verifyWelcome(flipped, relayKey, challengeNonce, clientNonce, deviceId)).toBe(false);
  }
});

test("SE-2 CR-15 a proof cannot be reflected: neither side's stands for the other's", () => {
  // The worst case: one key on both sides, and nonces chosen so that the signed parts coincide.
  const both = { relayKey: cast.alice.deviceId as Uint8Array as RelayKey, secret: cast.alice.secret };
  const same = cast.alice.deviceId as Uint8Array;
  const welcomeProof = signWelcome(both, same, same, cast.alice.deviceId);
  expect(verifyHello(helloWith(welcomeProof, cast.alice.deviceId, same), both.relayKey, same)).toBe(false);
});

test("SE-2 CR-15 nonces of another length do not verify and do not throw; of our own making they are bugs", () => {
  const { relayKey } = cast.relay;
  const proof = proveHello(cast.alice, relayKey, challengeNonce, clientNonce);
  expect(verifyHello(helloWith(proof, cast.alice.deviceId, counting(31)), relayKey, challengeNonce)).toBe(false);
  expect(verifyWelcome(welcomeWith(proof), relayKey, counting(33), clientNonce, cast.alice.deviceId)).toBe(false);
  expect(() => proveHello(cast.alice, relayKey, counting(31), clientNonce)).toThrow("32 bytes");
  expect(() => proveHello(cast.alice, counting(31) as RelayKey, challengeNonce, clientNonce)).toThrow("32 bytes");
  expect(() => signWelcome(cast.relay, challengeNonce, counting(33), cast.alice.deviceId)).toThrow("32 bytes");
  expect(() => signWelcome(cast.relay, challengeNonce, clientNonce, counting(31) as DeviceId)).toThrow("32 bytes");
});

test("SE-2 CR-15 golden proofs", () => {
  const golden = castOf(44);
  expect(hexOf(proveHello(golden.alice, golden.relay.relayKey, challengeNonce, clientNonce))).toMatchInlineSnapshot(
    `"184d8489487c979a6e66eb9afa977ea6e7c53510b2c0e4681375def3a47f77a17cc84ed721024ac6c6a5a4d3b9ebb8b750d99a84d02405bc20782372cd931c08"`,
  );
  expect(hexOf(signWelcome(golden.relay, challengeNonce, clientNonce, golden.alice.deviceId))).toMatchInlineSnapshot(
    `"667a6ea5e563dc7bffbaa408b540ae9125e4b481cc30f6dd15d8ef81b0c1edf926058f31896e5969bef27f06271eaaca8e391e23714664a1804dd6517244000f"`,
  );
});
