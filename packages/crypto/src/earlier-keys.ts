/**
 * A document's keys of earlier epochs, sealed under that of the epoch in use, so that who is granted one document reads what was written there before
 * (docs/crypto.md, CR-30):
 *
 *     sealed    = nonce (24) ‖ ciphertext (32 × count) ‖ tag (16); nothing at all if there are none
 *     plaintext = the document's key of each epoch before, the oldest first, without gaps up to the one before `epoch`
 *     key       = BLAKE2b-256 keyed with the document's key, over context ‖ bound
 *     bound     = space (16) ‖ epoch (u32, little-endian) ‖ document (16); also the associated data
 *
 * Several people may seal under one key, each as far back as they can read: hence random nonces.
 */
import { assert, err, idBytes, keyBytes, nonceBytes, ok } from "@skerry/protocol";
import type { DocId, Random, Result, SpaceId } from "@skerry/protocol";
import { decrypt, encrypt } from "./aead.ts";
import { concat } from "./concat.ts";
import { derive } from "./derive.ts";
import { epochBytes } from "./epoch-key.ts";
import { exportSecret, importSecret } from "./secret.ts";
import type { Secret } from "./secret.ts";

/** So many epochs back at most. */
export const earlierKeysMax = 8192;
const tagBytes = 16;

export interface DocumentKeyPlace {
  readonly spaceId: SpaceId;
  /** Of the key that these are sealed under. */
  readonly epoch: number;
  readonly docId: DocId;
}

/** `earlier`: keys of the epochs just before `epoch`, the oldest first; the oldest are left out where there are more than `earlierKeysMax`. */
export function sealEarlierKeys(documentKey: Secret, place: DocumentKeyPlace, earlier: readonly Secret[], random: Random): Uint8Array {
  assert(earlier.length < place.epoch, "there is no epoch before the first");
  const keys = earlier.slice(-earlierKeysMax);
  if (keys.length === 0) return new Uint8Array();
  const plaintext = concat(...keys.map((key) => exportSecret(key)));
  const nonce = random.bytes(nonceBytes);
  const bound = boundTo(place);
  const key = derive("skerry.v1.earlier-document-keys", documentKey, bound);
  const ciphertext = encrypt(plaintext, bound, nonce, key);
  key.wipe();
  plaintext.fill(0);
  return concat(nonce, ciphertext);
}

/**
 * By epoch. `sealed` comes from the author of an operation, who may be hostile: what opens was sealed by somebody with the document's key, and may still
 * be wrong; then records do not open. `bad-length`: no number of keys, or more than there were epochs.
 */
export function openEarlierKeys(
  documentKey: Secret,
  place: DocumentKeyPlace,
  sealed: Uint8Array,
): Result<ReadonlyMap<number, Secret>, "bad-length" | "undecryptable"> {
  if (sealed.length === 0) return ok(new Map());
  const count = (sealed.length - nonceBytes - tagBytes) / keyBytes;
  if (!Number.isInteger(count) || count < 1 || count > earlierKeysMax || count >= place.epoch) return err("bad-length");
  const bound = boundTo(place);
  const key = derive("skerry.v1.earlier-document-keys", documentKey, bound);
  const opened = decrypt(sealed.subarray(nonceBytes), bound, sealed.subarray(0, nonceBytes), key);
  key.wipe();
  if (!opened.ok) return opened;
  const keys = new Map<number, Secret>();
  for (let index = 0; index < count; index++)
    keys.set(place.epoch - count + index, importSecret(opened.value.subarray(index * keyBytes, (index + 1) * keyBytes)));
  opened.value.fill(0);
  return ok(keys);
}

function boundTo({ spaceId, epoch, docId }: DocumentKeyPlace): Uint8Array {
  assert(docId.length === idBytes, "document id of another length");
  return concat(epochBytes(spaceId, epoch), docId);
}
