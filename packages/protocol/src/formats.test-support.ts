/** Every format of the protocol in one table: how to make values of it, write them and read them. Tests run over it. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { ackLevels, refusalNumbers } from "./codes.ts";
import { decodeWith, encodeWith, timeMsMax } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { certificateBytesMax, decodeRecordBody, encodeRecordBody } from "./record-body.ts";
import type { RecordBody } from "./record-body.ts";
import { decodeCertificate, encodeCertificate } from "./certificate.ts";
import { entry } from "./entry.ts";
import { decodeFrame, encodeFrame } from "./frame.ts";
import { head, signedHead, unsignedHead } from "./head.ts";
import { toText } from "./ids.ts";
import { limits } from "./limits.ts";
import { decodeInviteLink, encodeInviteLink } from "./invite-link.ts";
import type { InviteLink } from "./invite-link.ts";
import { decodeShareLink, encodeShareLink } from "./link.ts";
import type { ShareLink } from "./link.ts";
import { decodeDown, encodeDown } from "./messages/down.ts";
import type { DownMessage } from "./messages/down.ts";
import { decodeUp, encodeUp } from "./messages/up.ts";
import type { UpMessage } from "./messages/up.ts";
import { decodePresenceBody, decodePresenceEnvelope, encodePresenceBody, encodePresenceEnvelope } from "./presence.ts";
import { encodePresenceHashedPart, encodePresenceHeader } from "./presence.ts";
import type { PresenceEnvelope } from "./presence.ts";
import { decodeRecord, encodeHashedPart, encodeRecord, encodeRecordHeader } from "./record.ts";
import type { SealedRecord } from "./record.ts";
import type { Result } from "./result.ts";

/** `T` is erased: a table holds formats of many types, and each is only ever given its own values. */
export interface Format {
  readonly name: string;
  /** Which number of `version.ts` stands for it. */
  readonly versionedBy: "protocolVersion" | "formatVersion" | "inviteLinkVersion" | "snapshotVersion";
  readonly arbitrary: fc.Arbitrary<unknown>;
  /** Smallest, ordinary and largest field values, for the golden vectors. */
  readonly samples: Readonly<Record<string, unknown>>;
  readonly encode: (value: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Result<unknown, unknown>;
}

const format = <T>(
  name: string,
  versionedBy: Format["versionedBy"],
  fields: Fields<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => Result<T, unknown>,
): Format => ({
  name,
  versionedBy,
  arbitrary: fc.record(mapFields(fields, (field) => field.arbitrary)),
  samples: {
    least: mapFields(fields, (field) => field.least),
    ordinary: mapFields(fields, (field) => field.ordinary),
    most: mapFields(fields, (field) => field.most),
  },
  encode: (value) => encode(value as T),
  decode,
});

/** How to make values of one field. */
interface Field {
  readonly arbitrary: fc.Arbitrary<unknown>;
  readonly least: unknown;
  readonly ordinary: unknown;
  readonly most: unknown;
}
type Fields<T> = { readonly [Key in keyof T]-?: Field };

const mapFields = <Out>(fields: object, map: (field: Field) => Out): Record<string, Out> =>
  Object.fromEntries(Object.entries(fields as Record<string, Field>).map(([name, field]) => [name, map(field)]));

const uint = (max: number, ordinary: number, min = 0): Field => ({
  arbitrary: fc.oneof(
    fc.integer({ min, max: Math.min(max, 300) }),
    fc.maxSafeInteger().map((value) => Math.max(min, Math.abs(value) % (max + 1))),
  ),
  least: min,
  ordinary,
  most: max,
});
/** Bytes that count up from `first`, so that a swapped field shows in a vector. */
export const counting = (length: number, first: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (first + index) & 255);
const fixed = (length: number, first: number): Field => ({
  arbitrary: fc.uint8Array({ minLength: length, maxLength: length }),
  least: new Uint8Array(length),
  ordinary: counting(length, first),
  most: new Uint8Array(length).fill(255),
});
/** `most` is two-byte lengths' first, not the cap: vectors stay readable, and `boundaries.test.ts` has the caps. */
const bytes = (first: number, maxLength = 300): Field => ({
  arbitrary: fc.uint8Array({ maxLength }),
  least: new Uint8Array(0),
  ordinary: counting(20, first),
  most: counting(128, first),
});
const constant = (value: unknown): Field => ({ arbitrary: fc.constant(value), least: value, ordinary: value, most: value });
const nested = (fields: object): Field => ({
  arbitrary: fc.record(mapFields(fields, (field) => field.arbitrary)),
  least: mapFields(fields, (field) => field.least),
  ordinary: mapFields(fields, (field) => field.ordinary),
  most: mapFields(fields, (field) => field.most),
});
const maybe = (field: Field): Field => ({ ...field, arbitrary: fc.option(field.arbitrary, { nil: undefined }), least: undefined });
const listOf = (field: Field): Field => ({
  arbitrary: fc.array(field.arbitrary, { maxLength: 6 }),
  least: [],
  ordinary: [field.ordinary],
  most: [field.least, field.ordinary, field.most],
});
const nameOf = (numbers: Readonly<Record<string, number>>): Field => {
  const names = Object.keys(numbers);
  return { arbitrary: fc.constantFrom(...names), least: names[0], ordinary: names[1], most: names.at(-1) };
};
const text = (ordinary: string): Field => ({ arbitrary: fc.string({ maxLength: 20 }), least: "", ordinary, most: "x".repeat(64) });
const flag: Field = { arbitrary: fc.boolean(), least: false, ordinary: true, most: true };

const safe = (ordinary: number): Field => uint(Number.MAX_SAFE_INTEGER, ordinary);
const time = uint(timeMsMax, 1_790_000_000_000);
const channel = uint(0xffff, 300);
const headFields = { seq: safe(1_000), chainHash: fixed(32, 0x60) };
const headField = nested(headFields);
const unsignedHeadFields = {
  relayKey: fixed(32, 0x20),
  docId: fixed(16, 0x10),
  seq: safe(1_000),
  chainHash: fixed(32, 0x60),
  timeMs: time,
};
const signedHeadFields = { ...unsignedHeadFields, signature: fixed(64, 0x80) };
const storedOperationFields = { receivedAtMs: time, operation: bytes(0x30) };
const accessCursorFields = { position: safe(7), hash: fixed(32, 0x60) };
const entryFields = { receivedAtMs: time, accessPosition: safe(7), record: bytes(0x30) };
const retryAfterMs = uint(limits.retryAfterMsMax, 1_500);

const up = (type: string, fields: Readonly<Record<string, Field>>): Format =>
  format<object>("up." + type, "protocolVersion", { type: constant(type), ...fields }, (value) => encodeUp(value as UpMessage), decodeUp);
const down = (type: string, fields: Readonly<Record<string, Field>>): Format =>
  format<object>(
    "down." + type,
    "protocolVersion",
    { type: constant(type), ...fields },
    (value) => encodeDown(value as DownMessage),
    decodeDown,
  );
const plain = <T>(name: string, versionedBy: Format["versionedBy"], fields: Fields<T>, codec: Codec<T>): Format =>
  format<T>(
    name,
    versionedBy,
    fields,
    (value) => encodeWith(codec, value),
    (input) => decodeWith(codec, input, name),
  );

/** Stands for the hash that `@skerry/crypto` brings: the format does not depend on which it is. */
export const checksum = (payload: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(payload).digest());

const map = <A, B>(result: Result<A, unknown>, run: (value: A) => B): Result<B, unknown> =>
  result.ok ? { ok: true, value: run(result.value) } : result;

export const messageFormats: readonly Format[] = [
  up("hello", { version: uint(0xffff, 1), deviceId: fixed(32, 0x40), clientNonce: fixed(32, 0x50), proof: fixed(64, 0x80) }),
  up("open", { channel, spaceId: fixed(16, 1), docId: fixed(16, 0x10), cursor: headField, replicaId: fixed(16, 0x70) }),
  up("append", { channel, record: bytes(0x30) }),
  up("restore", { channel, records: listOf(bytes(0x30)) }),
  up("presence", { channel, envelope: bytes(0x30) }),
  up("close", { channel }),
  up("ping", { id: uint(0xffffffff, 70_000) }),
  up("open-space", {
    channel,
    spaceId: fixed(16, 1),
    cursor: nested(accessCursorFields),
    invite: maybe(nested({ inviteId: fixed(16, 0x11), signature: fixed(64, 0x80) })),
  }),
  up("introduce", {
    channel,
    spaceId: fixed(16, 1),
    cursor: nested(accessCursorFields),
    invite: maybe(nested({ inviteId: fixed(16, 0x11), signature: fixed(64, 0x80) })),
    accountId: fixed(32, 0x13),
    operations: listOf(bytes(0x30)),
  }),
  up("append-operation", { channel, operation: bytes(0x30), token: bytes(0xc0, 256) }),
  up("restore-operations", { channel, from: safe(3), operations: listOf(nested(storedOperationFields)), token: bytes(0xc0, 256) }),
  up("open-mailbox", { channel, rendezvous: fixed(16, 0x12) }),
  up("post-mail", { channel, body: bytes(0x30) }),
  up("put-note", { channel, spaceId: fixed(16, 1), body: bytes(0x30) }),
  up("get-note", { channel }),
  down("challenge", {
    versionMin: uint(0xffff, 1),
    versionMax: uint(0xffff, 2),
    relayKey: fixed(32, 0x20),
    nonce: fixed(32, 0x50),
    timeMs: time,
  }),
  down("welcome", {
    proof: fixed(64, 0x80),
    connectionId: safe(12),
    ackLevel: nameOf(ackLevels),
    recordBytesMax: safe(655_360),
    channelsMax: safe(1_000),
    appendsPerSecond: safe(200),
    timeMs: time,
  }),
  down("opened", { channel, head: headField, atCursor: maybe(fixed(32, 0x61)), tailN: safe(9), tailHash: fixed(32, 0x90) }),
  down("entries", { channel, from: safe(1_001), entries: listOf(nested(entryFields)) }),
  down("caught-up", { channel, head: nested(signedHeadFields) }),
  down("acked", { channel, replicaId: fixed(16, 0x70), n: safe(9), seq: safe(1_002), receivedAtMs: time, accessPosition: safe(7) }),
  down("refused", { channel, n: safe(9), code: nameOf(refusalNumbers), retryAfterMs, tailN: safe(8), tailHash: fixed(32, 0x90) }),
  down("relayed-presence", { channel, connectionId: safe(12), envelope: bytes(0x30) }),
  down("left", { channel, connectionId: safe(12) }),
  down("fresh-head", { channel, head: nested(signedHeadFields) }),
  down("pong", { id: uint(0xffffffff, 70_000), timeMs: time }),
  down("restored", { channel, admitted: safe(3) }),
  down("closed", { channel, code: nameOf(refusalNumbers), retryAfterMs }),
  down("goodbye", { retryAfterMs }),
  down("space-opened", { channel, head: nested(accessCursorFields), atCursor: maybe(fixed(32, 0x61)) }),
  down("operations", { channel, from: safe(7), operations: listOf(nested(storedOperationFields)) }),
  down("operation-acked", { channel, position: safe(7), receivedAtMs: time }),
  down("operation-refused", { channel, code: nameOf(refusalNumbers), reason: text("not-an-owner"), retryAfterMs }),
  down("operations-restored", { channel, position: safe(7) }),
  down("mailbox-opened", { channel }),
  down("mail", { channel, body: bytes(0x30) }),
  down("note-kept", { channel }),
  down("note", { channel, body: maybe(bytes(0x30)) }),
];

const record = format<Pick<SealedRecord, "header" | "nonce" | "ciphertext" | "signature">>(
  "record",
  "formatVersion",
  {
    header: nested({
      kind: nameOf({ genesis: 1, update: 2 }),
      docId: fixed(16, 0x10),
      epoch: uint(0xffffffff, 3, 1),
      deviceId: fixed(32, 0x40),
      replicaId: fixed(16, 0x70),
      n: uint(Number.MAX_SAFE_INTEGER, 9, 1),
      prev: fixed(32, 0x90),
      seen: headField,
      accessPosition: safe(7),
    }),
    nonce: fixed(24, 0xb0),
    ciphertext: bytes(0x30),
    signature: fixed(64, 0x80),
  },
  (value) => encodeRecord(encodeHashedPart(encodeRecordHeader(value.header), value.nonce, value.ciphertext), value.signature),
  (input) => map(decodeRecord(input), ({ header, nonce, ciphertext, signature }) => ({ header, nonce, ciphertext, signature })),
);

const presenceEnvelope = format<Pick<PresenceEnvelope, "header" | "nonce" | "ciphertext" | "signature">>(
  "presence-envelope",
  "formatVersion",
  {
    header: nested({
      docId: fixed(16, 0x10),
      epoch: uint(0xffffffff, 3, 1),
      deviceId: fixed(32, 0x40),
      session: fixed(16, 0xa0),
      counter: safe(500),
    }),
    nonce: fixed(24, 0xb0),
    ciphertext: bytes(0x30),
    signature: fixed(64, 0x80),
  },
  (value) =>
    encodePresenceEnvelope(encodePresenceHashedPart(encodePresenceHeader(value.header), value.nonce, value.ciphertext), value.signature),
  (input) => map(decodePresenceEnvelope(input), ({ header, nonce, ciphertext, signature }) => ({ header, nonce, ciphertext, signature })),
);

const frameSamples = {
  least: [new Uint8Array(0)],
  ordinary: [counting(20, 0x30)],
  most: [counting(128, 1), new Uint8Array(0), counting(3, 9)],
};

export const formats: readonly Format[] = [
  ...messageFormats,
  {
    name: "frame",
    versionedBy: "protocolVersion",
    arbitrary: fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 8 }),
    samples: frameSamples,
    encode: (value) => encodeFrame(value as readonly Uint8Array[]),
    decode: decodeFrame,
  },
  plain("head", "protocolVersion", headFields, head),
  plain("unsigned-head", "protocolVersion", unsignedHeadFields, unsignedHead),
  plain("signed-head", "protocolVersion", signedHeadFields, signedHead),
  plain("entry", "protocolVersion", entryFields, entry),
  record,
  format<Omit<RecordBody, "snapshot">>(
    "record-body",
    "formatVersion",
    {
      time: nested({ wallMs: time, counter: uint(0xffffffff, 2) }),
      certificate: maybe(bytes(0xc0, certificateBytesMax)),
      update: bytes(0x30),
    },
    encodeRecordBody,
    decodeRecordBody,
  ),
  format(
    "snapshot-body",
    "snapshotVersion",
    {
      time: nested({ wallMs: time, counter: uint(0xffffffff, 2) }),
      certificate: maybe(bytes(0xc0, certificateBytesMax)),
      update: bytes(0x30),
      snapshot: nested({
        part: uint(0xffff, 1),
        isLast: flag,
        owners: listOf(nested({ deviceId: fixed(32, 0x40), clients: listOf(safe(3_000_000_000)) })),
      }),
    },
    encodeRecordBody,
    decodeRecordBody,
  ),
  presenceEnvelope,
  format(
    "presence-body",
    "formatVersion",
    {
      query: flag,
      head: headField,
      signedHead: maybe(nested(signedHeadFields)),
      stateHash: maybe(fixed(32, 0xd0)),
      awareness: bytes(0x30),
    },
    encodePresenceBody,
    decodePresenceBody,
  ),
  format(
    "certificate",
    "formatVersion",
    { accountKey: fixed(32, 0x20), deviceId: fixed(32, 0x40), issuedAtMs: time, signature: fixed(64, 0x80) },
    encodeCertificate,
    decodeCertificate,
  ),
  format<ShareLink>(
    "link",
    "formatVersion",
    {
      spaceId: fixed(16, 1),
      docId: fixed(16, 0x10),
      epoch: uint(0xffffffff, 3, 1),
      epochKey: fixed(32, 0xe0),
      genesis: fixed(32, 0x90),
      head: headField,
    },
    (value) => linkPayload(encodeShareLink(value, checksum)),
    (payload) => decodeShareLink(linkText(payload), checksum),
  ),
  format<InviteLink>(
    "invite-link",
    "inviteLinkVersion",
    {
      spaceId: fixed(16, 1),
      head: nested(accessCursorFields),
      docId: fixed(16, 0x10),
      secret: fixed(16, 0xe0),
      needsPassphrase: flag,
    },
    (value) => linkPayload(encodeInviteLink(value, checksum)),
    (payload) => decodeInviteLink(linkText(payload), checksum),
  ),
];

/** A link's bytes without the checksum, and back, so that mutations reach the decoder behind it. */
const linkPayload = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url").subarray(0, -4));
const linkText = (payload: Uint8Array): string => toText(Buffer.concat([payload, checksum(payload).subarray(0, 4)]));
