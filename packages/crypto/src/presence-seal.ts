import {
  assert,
  bytesEqual,
  decodePresenceBody,
  encodePresenceBody,
  encodePresenceEnvelope,
  encodePresenceHashedPart,
  encodePresenceHeader,
  err,
  nonceBytes,
} from "@skerry/protocol";
import type { PresenceBody, PresenceEnvelope, PresenceHeader, Random, Result } from "@skerry/protocol";
import { decrypt, encrypt } from "./aead.ts";
import type { DeviceIdentity } from "./device.ts";
import { pad, unpad } from "./padding.ts";
import { signPresence } from "./presence-signature.ts";
import type { OpenError } from "./record-seal.ts";
import type { Secret } from "./secret.ts";

/** An arrival, a cursor, a name and a leave all look the same: presence is padded to 512 bytes, and only beyond that to Padmé sizes. */
export const presencePaddedBytesMin = 512;

/**
 * Pads, seals and signs one presence (PS-1). `key` is the document's presence key. Asserts that it stays within
 * `limits.presenceBytesMax`.
 */
export function sealPresence(args: {
  readonly header: PresenceHeader;
  readonly body: PresenceBody;
  readonly key: Secret;
  readonly device: DeviceIdentity;
  readonly random: Random;
}): Uint8Array {
  const { header, body, key, device, random } = args;
  assert(bytesEqual(header.deviceId, device.deviceId), "presence names the device that signs it");
  const headerBytes = encodePresenceHeader(header);
  const nonce = random.bytes(nonceBytes);
  const ciphertext = encrypt(pad(encodePresenceBody(body), presencePaddedBytesMin), headerBytes, nonce, key);
  const hashedBytes = encodePresenceHashedPart(headerBytes, nonce, ciphertext);
  return encodePresenceEnvelope(hashedBytes, signPresence(hashedBytes, device.secret));
}

/** Opens a presence from anyone. Does not check the signature (`verifyPresence`), nor whether its counter is new (PS-2). */
export function openPresence(envelope: PresenceEnvelope, key: Secret): Result<PresenceBody, OpenError> {
  const padded = decrypt(envelope.ciphertext, envelope.headerBytes, envelope.nonce, key);
  if (!padded.ok) return padded;
  const bytes = unpad(padded.value, presencePaddedBytesMin);
  if (!bytes.ok) return bytes;
  const body = decodePresenceBody(bytes.value);
  return body.ok ? body : err("malformed-body");
}
