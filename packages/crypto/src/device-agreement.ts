/**
 * A device's X25519 key, converted from its Ed25519 key (https://doc.libsodium.org/advanced/ed25519-curve25519), so that whoever knows a device's id can
 * seal to it. Why signing and agreeing with one key is sound here: docs/crypto.md, CR-28. Internal: callers use the named operations.
 */
import { assert, err, keyBytes, ok } from "@skerry/protocol";
import type { DeviceId, Result } from "@skerry/protocol";
import sodium from "libsodium-wrappers";
import type { DeviceIdentity } from "./device.ts";
import type { AgreementKey } from "./key-agreement.ts";
import { Secret } from "./secret.ts";

/**
 * X25519 public key, 32 bytes. `weak-key`: the id, which comes from anyone, is no point, of small order or outside the prime-order group.
 * An id and its negative have one X25519 key, so what is derived has to name the id too.
 */
export function agreementKeyOfDevice(deviceId: DeviceId): Result<Uint8Array, "weak-key"> {
  assert(deviceId.length === keyBytes, "a device id has 32 bytes");
  try {
    return ok(sodium.crypto_sign_ed25519_pk_to_curve25519(deviceId));
  } catch (error) {
    // The wrapper's only way to say that libsodium refused the point.
    if (error instanceof Error && error.message === "invalid key") return err("weak-key");
    throw error;
  }
}

/** The device's own pair. Wipe the secret after use: the device keeps its seed only. */
export function agreementOfDevice(device: DeviceIdentity): AgreementKey {
  const privateKey = device.secret.use((key) => sodium.crypto_sign_ed25519_sk_to_curve25519(key));
  return { publicKey: sodium.crypto_scalarmult_base(privateKey), secret: new Secret(privateKey) };
}
