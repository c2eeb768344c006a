/**
 * Every context string of Skerry, in one place. A context says what bytes are for, so that a hash, a signature or a key
 * made for one purpose is worthless for every other (docs/crypto.md, CR-1). `v1` is part of the name: a changed format gets a new one.
 *
 * No context is a prefix of another; all are 16 to 64 ASCII characters, as keyed BLAKE2b wants them.
 */
import { assert } from "@skerry/protocol";
import type { RecordKind } from "@skerry/protocol";

/** Keys of BLAKE2b-256 where the hash is public: anybody can compute it. */
export type HashContext =
  | "skerry.v1.record-hash"
  | "skerry.v1.presence-hash"
  | "skerry.v1.log-start"
  | "skerry.v1.chain-hash"
  | "skerry.v1.account-id"
  | "skerry.v1.state-hash"
  | "skerry.v1.link-checksum"
  | "skerry.v1.account-operation"
  | "skerry.v1.space-operation"
  | "skerry.v1.access-entry"
  | "skerry.v1.safety-number"
  | "skerry.v1.space-token"
  | "skerry.v1.space-id"
  | "skerry.v1.pairing-commitment"
  | "skerry.v1.pairing-transcript";

/** First bytes of everything that is signed, followed by a zero byte. */
export type SignatureContext =
  | "skerry.v1.sign-record-genesis"
  | "skerry.v1.sign-record-update"
  | "skerry.v1.sign-presence"
  | "skerry.v1.sign-head"
  | "skerry.v1.sign-hello"
  | "skerry.v1.sign-welcome"
  | "skerry.v1.sign-certificate"
  | "skerry.v1.sign-account-operation"
  | "skerry.v1.sign-space-operation"
  | "skerry.v1.sign-device-consent"
  | "skerry.v1.sign-recovery-mark"
  | "skerry.v1.sign-accept-proof"
  | "skerry.v1.sign-invite-reader";

/** First bytes of the message of a keyed BLAKE2b whose key is secret: it derives another secret, or a commitment to it. */
export type DerivationContext =
  | "skerry.v1.document-key"
  | "skerry.v1.document-presence"
  | "skerry.v1.epoch-content-key"
  | "skerry.v1.epoch-commitment"
  | "skerry.v1.epoch-envelope"
  | "skerry.v1.document-envelope"
  | "skerry.v1.earlier-document-keys"
  | "skerry.v1.old-epoch-key"
  | "skerry.v1.account-root-seed"
  | "skerry.v1.account-encryption-key"
  | "skerry.v1.account-key-envelope"
  | "skerry.v1.recovery-device-seed"
  | "skerry.v1.recovery-note-key"
  | "skerry.v1.invite-id"
  | "skerry.v1.invite-salt"
  | "skerry.v1.invite-root"
  | "skerry.v1.invite-signing-seed"
  | "skerry.v1.invite-encryption-key"
  | "skerry.v1.pairing-digits"
  | "skerry.v1.pairing-device"
  | "skerry.v1.pairing-payload"
  | "skerry.v1.pairing-reply"
  | "skerry.v1.local-seal-key"
  | "skerry.v1.local-name-key";

export type Context = HashContext | SignatureContext | DerivationContext;

/** One signature context per kind: a genesis record cannot be passed off as an update. */
export const recordSignatureContexts: Readonly<Record<RecordKind, SignatureContext>> = {
  genesis: "skerry.v1.sign-record-genesis",
  update: "skerry.v1.sign-record-update",
};

const inUse: Readonly<Record<Context, true>> = {
  "skerry.v1.record-hash": true,
  "skerry.v1.presence-hash": true,
  "skerry.v1.log-start": true,
  "skerry.v1.chain-hash": true,
  "skerry.v1.account-id": true,
  "skerry.v1.state-hash": true,
  "skerry.v1.link-checksum": true,
  "skerry.v1.account-operation": true,
  "skerry.v1.space-operation": true,
  "skerry.v1.access-entry": true,
  "skerry.v1.safety-number": true,
  "skerry.v1.space-token": true,
  "skerry.v1.space-id": true,
  "skerry.v1.pairing-commitment": true,
  "skerry.v1.pairing-transcript": true,
  "skerry.v1.sign-record-genesis": true,
  "skerry.v1.sign-record-update": true,
  "skerry.v1.sign-presence": true,
  "skerry.v1.sign-head": true,
  "skerry.v1.sign-hello": true,
  "skerry.v1.sign-welcome": true,
  "skerry.v1.sign-certificate": true,
  "skerry.v1.sign-account-operation": true,
  "skerry.v1.sign-space-operation": true,
  "skerry.v1.sign-device-consent": true,
  "skerry.v1.sign-recovery-mark": true,
  "skerry.v1.sign-accept-proof": true,
  "skerry.v1.sign-invite-reader": true,
  "skerry.v1.document-key": true,
  "skerry.v1.document-presence": true,
  "skerry.v1.epoch-content-key": true,
  "skerry.v1.epoch-commitment": true,
  "skerry.v1.epoch-envelope": true,
  "skerry.v1.document-envelope": true,
  "skerry.v1.earlier-document-keys": true,
  "skerry.v1.old-epoch-key": true,
  "skerry.v1.account-root-seed": true,
  "skerry.v1.account-encryption-key": true,
  "skerry.v1.account-key-envelope": true,
  "skerry.v1.recovery-device-seed": true,
  "skerry.v1.recovery-note-key": true,
  "skerry.v1.invite-id": true,
  "skerry.v1.invite-salt": true,
  "skerry.v1.invite-root": true,
  "skerry.v1.invite-signing-seed": true,
  "skerry.v1.invite-encryption-key": true,
  "skerry.v1.pairing-digits": true,
  "skerry.v1.pairing-device": true,
  "skerry.v1.pairing-payload": true,
  "skerry.v1.pairing-reply": true,
  "skerry.v1.local-seal-key": true,
  "skerry.v1.local-name-key": true,
};

/** All of them, for tests and for the table in docs/crypto.md. */
export const contexts: readonly Context[] = Object.keys(inUse) as Context[];

const bytesByContext: ReadonlyMap<Context, Uint8Array> = new Map(contexts.map((context) => [context, asciiBytes(context)]));

/** The context's ASCII bytes. Shared: do not change them. */
export function contextBytes(context: Context): Uint8Array {
  const bytes = bytesByContext.get(context);
  assert(bytes !== undefined, "unknown context");
  return bytes;
}

/** Bytes of printable ASCII, for names that our own code chose. Anything else is a bug: two spellings must never give the same bytes. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    assert(code >= 0x20 && code <= 0x7e, "a context or purpose is printable ASCII");
    bytes[index] = code;
  }
  return bytes;
}
