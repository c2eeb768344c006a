import { err, keyBytes, ok } from "@skerry/protocol";
import type { DeviceId, Random, Result } from "@skerry/protocol";
import type { Secret } from "./secret.ts";
import { seedOf, signingKeyFromSeed } from "./signature.ts";

/** The device's Ed25519 key: it logs in at relays and signs records. Its public key is its id. */
export interface DeviceIdentity {
  readonly deviceId: DeviceId;
  readonly secret: Secret;
}

export function generateDevice(random: Random): DeviceIdentity {
  const seed = random.bytes(keyBytes);
  const device = fromSeed(seed);
  seed.fill(0);
  return device;
}

/** The 32-byte seed. Seal it before it is stored; wipe it after. */
export const exportDevice = (device: DeviceIdentity): Uint8Array => seedOf(device.secret);

export const importDevice = (bytes: Uint8Array): Result<DeviceIdentity, "bad-length"> =>
  bytes.length === keyBytes ? ok(fromSeed(bytes)) : err("bad-length");

function fromSeed(seed: Uint8Array): DeviceIdentity {
  const { publicKey, secret } = signingKeyFromSeed(seed);
  return { deviceId: publicKey as DeviceId, secret };
}
