import { decodeWith, encodeWith, fixedBytes, struct, wallTimeMs } from "./codec.ts";
import type { DecodeError } from "./codec.ts";
import { deviceId, keyBytes, signature } from "./ids.ts";
import type { DeviceId, Signature } from "./ids.ts";
import type { Result } from "./result.ts";
import { versionByte } from "./sealed-envelope.ts";
import { formatVersion } from "./version.ts";

/** An account's statement that a device is its own: Ed25519 by the account's root key over everything before `signature`. */
export interface Certificate {
  /** Root Ed25519 public key of the account, 32 bytes. */
  readonly accountKey: Uint8Array;
  readonly deviceId: DeviceId;
  readonly issuedAtMs: number;
  readonly signature: Signature;
}

export type UnsignedCertificate = Omit<Certificate, "signature">;

const unsigned = struct<UnsignedCertificate & { version: number }>({
  version: versionByte,
  accountKey: fixedBytes(keyBytes),
  deviceId,
  issuedAtMs: wallTimeMs,
});
const signed = struct<Certificate & { version: number }>({
  version: versionByte,
  accountKey: fixedBytes(keyBytes),
  deviceId,
  issuedAtMs: wallTimeMs,
  signature,
});

/** The bytes that the account signs. */
export const encodeUnsignedCertificate = (value: UnsignedCertificate): Uint8Array =>
  encodeWith(unsigned, { version: formatVersion, ...value });
export const encodeCertificate = (value: Certificate): Uint8Array => encodeWith(signed, { version: formatVersion, ...value });
export const decodeCertificate = (bytes: Uint8Array): Result<Certificate, DecodeError> => {
  const decoded = decodeWith(signed, bytes, "certificate");
  if (!decoded.ok) return decoded;
  const { version: _, ...value } = decoded.value;
  return { ok: true, value };
};
