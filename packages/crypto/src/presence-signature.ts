import type { PresenceEnvelope, Signature } from "@skerry/protocol";
import { hash } from "./hash.ts";
import type { Secret } from "./secret.ts";
import { signUnder, verifyUnder } from "./signature.ts";

const presenceHash = (hashedBytes: Uint8Array): Uint8Array => hash("skerry.v1.presence-hash", hashedBytes);

/** The sender's signature over the hash of header ‖ nonce ‖ ciphertext (PS-1). */
export const signPresence = (hashedBytes: Uint8Array, deviceSecret: Secret): Signature =>
  signUnder("skerry.v1.sign-presence", deviceSecret, presenceHash(hashedBytes));

/** Whether the device that the header names signed exactly these bytes. */
export const verifyPresence = (envelope: PresenceEnvelope): boolean =>
  verifyUnder("skerry.v1.sign-presence", envelope.header.deviceId, envelope.signature, presenceHash(envelope.hashedBytes));
