/**
 * The two proofs of a session's start (SE-2). All parts are 32 bytes. The device signs the relay's key and both nonces, the relay
 * signs both nonces and the device: a proof is worth nothing on another connection, at another relay, or in the other direction.
 */
import { assert, keyBytes } from "@skerry/protocol";
import type { DeviceId, DownMessage, RelayKey, Signature, UpMessage } from "@skerry/protocol";
import type { DeviceIdentity } from "./device.ts";
import type { RelayIdentity } from "./relay-identity.ts";
import { signUnder, verifyUnder } from "./signature.ts";

type Hello = Extract<UpMessage, { readonly type: "hello" }>;
type Welcome = Extract<DownMessage, { readonly type: "welcome" }>;

const sessionNonceBytes = 32;

const assertNonces = (challengeNonce: Uint8Array, clientNonce: Uint8Array): void =>
  assert(challengeNonce.length === sessionNonceBytes && clientNonce.length === sessionNonceBytes, "a session nonce has 32 bytes");

/** The device's signature over relay key ‖ challenge nonce ‖ client nonce. */
export function proveHello(device: DeviceIdentity, relayKey: RelayKey, challengeNonce: Uint8Array, clientNonce: Uint8Array): Signature {
  assert(relayKey.length === keyBytes, "a relay key has 32 bytes");
  assertNonces(challengeNonce, clientNonce);
  return signUnder("skerry.v1.sign-hello", device.secret, relayKey, challengeNonce, clientNonce);
}

/** Whether `hello.deviceId` answered this challenge of this relay. `hello` comes from anyone. */
export function verifyHello(hello: Hello, relayKey: RelayKey, challengeNonce: Uint8Array): boolean {
  if (hello.clientNonce.length !== sessionNonceBytes) return false;
  assertNonces(challengeNonce, hello.clientNonce);
  return verifyUnder("skerry.v1.sign-hello", hello.deviceId, hello.proof, relayKey, challengeNonce, hello.clientNonce);
}

/** The relay's signature over challenge nonce ‖ client nonce ‖ device id. */
export function signWelcome(identity: RelayIdentity, challengeNonce: Uint8Array, clientNonce: Uint8Array, deviceId: DeviceId): Signature {
  assert(deviceId.length === keyBytes, "a device id has 32 bytes");
  assertNonces(challengeNonce, clientNonce);
  return signUnder("skerry.v1.sign-welcome", identity.secret, challengeNonce, clientNonce, deviceId);
}

/** Whether the relay holds the key that it claims. `welcome` and `challengeNonce` come from anyone; the rest is our own. */
export function verifyWelcome(
  welcome: Welcome,
  relayKey: RelayKey,
  challengeNonce: Uint8Array,
  clientNonce: Uint8Array,
  deviceId: DeviceId,
): boolean {
  if (challengeNonce.length !== sessionNonceBytes) return false;
  assertNonces(challengeNonce, clientNonce);
  return verifyUnder("skerry.v1.sign-welcome", relayKey, welcome.proof, challengeNonce, clientNonce, deviceId);
}
