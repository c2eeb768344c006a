/** Messages of pairing: version (1) ‖ type (1) ‖ body. Everything between two devices that do not trust what is between them. */
import { assert, err, hashBytes, keyBytes, ok } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import { concat } from "./concat.ts";

/** `commit`, `reveal` come from the device that shows the code, `key` from the one that reads it; `device`, `reply` from the new device, `payload` from the old. */
export type PairingMessageType = "commit" | "key" | "reveal" | "device" | "payload" | "reply";

export interface PairingMessage {
  readonly type: PairingMessageType;
  /** A hash or key (32), or ciphertext with its tag. A view. */
  readonly body: Uint8Array;
}

const version = 1;
const headerBytes = 2;
/** Padmé adds 12 % at most, the tag 16, the length 4. */
const sealedMax = (bytes: number): number => Math.ceil(bytes * 1.12) + 1024;

/** What applications put into the sealed messages, before padding. */
export const pairingPayloadBytesMax: number = 64 * 1024;
export const pairingDeviceBytesMax = 4096;

const types: Readonly<Record<PairingMessageType, { readonly number: number; readonly min: number; readonly max: number }>> = {
  commit: { number: 1, min: hashBytes, max: hashBytes },
  key: { number: 2, min: keyBytes, max: keyBytes },
  reveal: { number: 3, min: keyBytes, max: keyBytes },
  device: { number: 4, min: 16, max: sealedMax(pairingDeviceBytesMax) },
  payload: { number: 5, min: 16, max: sealedMax(pairingPayloadBytesMax) },
  reply: { number: 6, min: 16, max: sealedMax(pairingDeviceBytesMax) },
};

export function encodePairingMessage(type: PairingMessageType, body: Uint8Array): Uint8Array {
  const { number, min, max } = types[type];
  assert(body.length >= min && body.length <= max, "pairing message out of bounds");
  return concat(Uint8Array.of(version, number), body);
}

/** From anyone. */
export function decodePairingMessage(bytes: Uint8Array): Result<PairingMessage, "malformed"> {
  if (bytes.length < headerBytes || bytes[0] !== version) return err("malformed");
  for (const type of Object.keys(types) as PairingMessageType[]) {
    const { number, min, max } = types[type];
    if (number !== bytes[1]) continue;
    const body = bytes.subarray(headerBytes);
    return body.length >= min && body.length <= max ? ok({ type, body }) : err("malformed");
  }
  return err("malformed");
}
