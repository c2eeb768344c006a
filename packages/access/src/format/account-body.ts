/** What an account operation can say. Each kind has its number on the wire; a number that is not here is a kind to come. */
import { deviceId, optional, signature, struct, varBytes } from "@skerry/protocol";
import type { Codec, DeviceId, Signature } from "@skerry/protocol";
import { publicKey } from "../ids.ts";
import { accessLimits } from "../limits.ts";
import { bodies } from "./bodies.ts";
import type { Bodies, BodyOf } from "./bodies.ts";

export interface ConsentingDevice {
  readonly deviceId: DeviceId;
  /** The device's own signature over the account's id. */
  readonly consent: Signature;
}

export interface AccountBodies {
  /** First operation, signed by the root key. `encryptionKey`: X25519, 32 bytes. `recoveryKey`: Ed25519, 32 bytes. */
  "open-account": { readonly encryptionKey: Uint8Array; readonly device: ConsentingDevice; readonly recoveryKey: Uint8Array | undefined };
  "add-device": { readonly device: ConsentingDevice };
  /** The device leaves with all that it knew, so the account gets a new encryption key. `sealedKeys`: that key for the other devices; opaque. */
  "revoke-device": { readonly deviceId: DeviceId; readonly encryptionKey: Uint8Array; readonly sealedKeys: Uint8Array };
  "rotate-encryption-key": { readonly encryptionKey: Uint8Array; readonly sealedKeys: Uint8Array };
  /** A new recovery key in place of the old one, or none. */
  "set-recovery-key": { readonly recoveryKey: Uint8Array | undefined };
}

export type AccountBody = BodyOf<AccountBodies>;

const device: Codec<ConsentingDevice> = struct<ConsentingDevice>({ deviceId, consent: signature });
const sealedKeys = varBytes(accessLimits.sealedKeysBytesMax);

export const accountBodies: Bodies<AccountBodies> = bodies<AccountBodies>({
  "open-account": { number: 1, codec: struct({ encryptionKey: publicKey, device, recoveryKey: optional(publicKey) }) },
  "add-device": { number: 2, codec: struct({ device }) },
  "revoke-device": { number: 3, codec: struct({ deviceId, encryptionKey: publicKey, sealedKeys }) },
  "rotate-encryption-key": { number: 4, codec: struct({ encryptionKey: publicKey, sealedKeys }) },
  "set-recovery-key": { number: 5, codec: struct({ recoveryKey: optional(publicKey) }) },
});
