/**
 * Identifiers and byte kinds, branded so that one cannot be passed for another. All are raw bytes on the wire; `toText` and
 * `xFromText` are for file names, URLs and map keys.
 */
import { bytesFromBase64Url, toBase64Url } from "./base64url.ts";
import { fixedBytes } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

declare const brand: unique symbol;
type Bytes<Name extends string> = Uint8Array & { readonly [brand]: Name };

/** 16 random bytes. */
export type DocId = Bytes<"DocId">;
/** 16 random bytes. */
export type SpaceId = Bytes<"SpaceId">;
/** 16 random bytes: one life of one local copy of one document. Its author chain is never resumed after storage loss. */
export type ReplicaId = Bytes<"ReplicaId">;
/** The device's Ed25519 public key (32 bytes) is its id: a signature can be checked without asking anyone for a key. */
export type DeviceId = Bytes<"DeviceId">;
/** BLAKE2b-256 of the account's root Ed25519 public key. */
export type AccountId = Bytes<"AccountId">;
/** The relay's Ed25519 public key (32 bytes): it signs heads. */
export type RelayKey = Bytes<"RelayKey">;
/** BLAKE2b-256 of a record without its signature. */
export type RecordHash = Bytes<"RecordHash">;
/** BLAKE2b-256 over a log up to a sequence number. */
export type ChainHash = Bytes<"ChainHash">;
/** BLAKE2b-256 of a Yjs snapshot (state vector and delete set). */
export type StateHash = Bytes<"StateHash">;
/** Ed25519, 64 bytes. */
export type Signature = Bytes<"Signature">;

export const idBytes = 16;
export const hashBytes = 32;
export const keyBytes = 32;
export const signatureBytes = 64;
export const nonceBytes = 24;

export const docId: Codec<DocId> = fixedBytes(idBytes);
export const spaceId: Codec<SpaceId> = fixedBytes(idBytes);
export const replicaId: Codec<ReplicaId> = fixedBytes(idBytes);
export const deviceId: Codec<DeviceId> = fixedBytes(keyBytes);
export const accountId: Codec<AccountId> = fixedBytes(hashBytes);
export const relayKey: Codec<RelayKey> = fixedBytes(keyBytes);
export const recordHash: Codec<RecordHash> = fixedBytes(hashBytes);
export const chainHash: Codec<ChainHash> = fixedBytes(hashBytes);
export const stateHash: Codec<StateHash> = fixedBytes(hashBytes);
export const signature: Codec<Signature> = fixedBytes(signatureBytes);

/** `prev` of a replica's first record, and the chain tail of a replica that the relay does not know. */
export const noRecord: RecordHash = new Uint8Array(hashBytes) as RecordHash;

/** URL-safe base64 without padding. 22 characters for 16 bytes, 43 for 32. */
export const toText = (bytes: Uint8Array): string => toBase64Url(bytes);

/** Longest text that is read as bytes: nothing of ours (ids, keys, links) comes near it. */
export const textCharactersMax = 4096;

/** Bytes of URL-safe base64; refuses other characters, impossible lengths, non-zero spare bits, and more than `textCharactersMax`. */
export function bytesFromText(text: string): Result<Uint8Array, "not-base64url"> {
  const bytes = text.length <= textCharactersMax ? bytesFromBase64Url(text) : undefined;
  return bytes === undefined ? err("not-base64url") : ok(bytes);
}

export function docIdFromText(text: string): Result<DocId, "not-a-document-id"> {
  const bytes = bytesFromText(text);
  return bytes.ok && bytes.value.length === idBytes ? ok(bytes.value as DocId) : err("not-a-document-id");
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
