import { describe, expect, test } from "vitest";
import * as encoding from "lib0/encoding";
import { certificateBytesMax, decodeRecordBody } from "./record-body.ts";
import type { RecordBody } from "./record-body.ts";
import { decodeWith, encodeWith, fixedBytes, list, oneOf, optional, timeMsMax, uint8, utf8, varBytes, varUint } from "./codec.ts";
import type { Codec, DecodeReason } from "./codec.ts";
import { closeCodes, isFinalClose, refusals } from "./codes.ts";
import { checksum, counting, formats, messageFormats } from "./formats.test-support.ts";
import type { Format } from "./formats.test-support.ts";
import { decodeFrame, encodeFrame, framedBytes } from "./frame.ts";
import { toText } from "./ids.ts";
import type { DocId, RecordHash, Signature, SpaceId } from "./ids.ts";
import { emptyHead } from "./head.ts";
import { limits } from "./limits.ts";
import { decodeInviteLink, encodeInviteLink } from "./invite-link.ts";
import type { InviteLink } from "./invite-link.ts";
import { decodeShareLink, encodeShareLink } from "./link.ts";
import type { ShareLink } from "./link.ts";
import { decodeDown, encodeDown } from "./messages/down.ts";
import { decodeUp, encodeUp } from "./messages/up.ts";
import { decodePresenceBody, decodePresenceEnvelope, encodePresenceEnvelope } from "./presence.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import type { SealedRecord } from "./record.ts";
import { InvariantError } from "./result.ts";

const refused = (reason: DecodeReason): object => ({ ok: false, error: expect.objectContaining({ reason }) });
const read = <T>(codec: Codec<T>, ...bytes: number[]): unknown => decodeWith(codec, Uint8Array.from(bytes), "field");
const formatOf = (name: string): Format => {
  const found = formats.find((format) => format.name === name);
  if (found === undefined) throw new Error(`no format ${name}`);
  return found;
};
const most = (name: string): Uint8Array => formatOf(name).encode(formatOf(name).samples["most"]);
const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const length = (value: number): Uint8Array => encodeWith(varUint(), value);

describe("PR-1 integers have one spelling", () => {
  test.each([
    [[0x80, 0x00], "not-canonical"],
    [[0x81, 0x80, 0x00], "not-canonical"],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00], "not-canonical"],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "too-long"],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10], "too-long"],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "too-long"],
    [[], "truncated"],
    [[0x80], "truncated"],
    [[0x01, 0x00], "trailing-bytes"],
  ] as const)("%j is refused: %s", (bytes, reason) => {
    expect(read(varUint(), ...bytes)).toEqual(refused(reason));
  });

  test("the largest is 2^53 - 1, in eight bytes, and a cap of its own is exact", () => {
    expect(read(varUint(), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)).toEqual({ ok: true, value: Number.MAX_SAFE_INTEGER });
    expect(read(varUint(300), 0xac, 0x02)).toEqual({ ok: true, value: 300 });
    expect(read(varUint(300), 0xad, 0x02)).toEqual(refused("too-long"));
    expect(read(varUint(0), 0)).toEqual({ ok: true, value: 0 });
    expect(read(varUint(0), 1)).toEqual(refused("too-long"));
  });

  test("what we write ourselves is asserted", () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53, 301]) expect(() => encodeWith(varUint(300), value)).toThrow(InvariantError);
    for (const value of [-1, 0.5, 256]) expect(() => encodeWith(uint8, value)).toThrow(InvariantError);
    expect(() => encodeWith(fixedBytes(4), new Uint8Array(3))).toThrow(InvariantError);
    expect(() => encodeWith(varBytes(4), new Uint8Array(5))).toThrow(InvariantError);
    expect(() => encodeWith(list(uint8, 2), [1, 2, 3])).toThrow(InvariantError);
    expect(() => encodeWith(oneOf<string>({ a: 1 }), "b")).toThrow(InvariantError);
    expect(() => oneOf({ a: 1, b: 1 })).toThrow(InvariantError);
  });
});

describe("PR-2 lengths: at the cap, one beyond it, and one beyond what is there", () => {
  test("bytes, text, lists, options", () => {
    expect(read(varBytes(2), 2, 7, 8)).toEqual({ ok: true, value: Uint8Array.of(7, 8) });
    expect(read(varBytes(2), 3, 7, 8, 9)).toEqual(refused("too-long"));
    expect(read(varBytes(2), 2, 7)).toEqual(refused("truncated"));
    expect(read(utf8(2), 2, 0xc3, 0xa9)).toEqual({ ok: true, value: "é" });
    expect(read(utf8(2), 3, 0xe2, 0x82, 0xac)).toEqual(refused("too-long"));
    expect(read(list(uint8, 2), 2, 1, 2)).toEqual({ ok: true, value: [1, 2] });
    expect(read(list(uint8, 2), 3, 1, 2, 3)).toEqual(refused("too-long"));
    expect(read(list(uint8, 2), 2, 1)).toEqual(refused("truncated"));
    expect(read(fixedBytes(2), 1)).toEqual(refused("truncated"));
    expect(read(optional(uint8), 0)).toEqual({ ok: true, value: undefined });
    expect(read(optional(uint8), 1)).toEqual(refused("truncated"));
    expect(read(optional(uint8), 2, 1)).toEqual(refused("bad-value"));
  });

  const bytesFields: readonly (readonly [string, number, (bytes: Uint8Array) => Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    ["append.record", limits.recordBytesMax, (bytes) => concat(Uint8Array.of(3, 1), length(bytes.length), bytes), decodeUp],
    ["restore.records[0]", limits.recordBytesMax, (bytes) => concat(Uint8Array.of(4, 1, 1), length(bytes.length), bytes), decodeUp],
    ["presence.envelope", limits.presenceBytesMax, (bytes) => concat(Uint8Array.of(5, 1), length(bytes.length), bytes), decodeUp],
    ["post-mail.body", limits.mailBytesMax, (bytes) => concat(Uint8Array.of(12, 1), length(bytes.length), bytes), decodeUp],
    ["mail.body", limits.mailBytesMax, (bytes) => concat(Uint8Array.of(84, 1), length(bytes.length), bytes), decodeDown],
    [
      "put-note.body",
      limits.noteBytesMax,
      (bytes) => concat(Uint8Array.of(13, 1), new Uint8Array(16), length(bytes.length), bytes),
      decodeUp,
    ],
    ["note.body", limits.noteBytesMax, (bytes) => concat(Uint8Array.of(86, 1, 1), length(bytes.length), bytes), decodeDown],
    [
      "relayed-presence.envelope",
      limits.presenceBytesMax,
      (bytes) => concat(Uint8Array.of(71, 1, 1), length(bytes.length), bytes),
      decodeDown,
    ],
    [
      "entries[0].record",
      limits.recordBytesMax,
      (bytes) => concat(Uint8Array.of(67, 1, 1, 1, 0, 0), length(bytes.length), bytes),
      decodeDown,
    ],
    [
      "body.certificate",
      certificateBytesMax,
      (bytes) => concat(Uint8Array.of(0, 0, 1), length(bytes.length), bytes, Uint8Array.of(0)),
      decodeRecordBody,
    ],
    ["body.update", limits.updateBytesMax, (bytes) => concat(Uint8Array.of(0, 0, 0), length(bytes.length), bytes), decodeRecordBody],
    [
      "presence body.awareness",
      limits.presenceBytesMax,
      (bytes) => concat(new Uint8Array(1 + 1 + 32 + 1 + 1), length(bytes.length), bytes),
      decodePresenceBody,
    ],
  ];
  test.each(bytesFields)("%s: %i bytes", (_, cap, encode, decode) => {
    expect(decode(encode(new Uint8Array(cap)))).toMatchObject({ ok: true });
    expect(decode(encode(new Uint8Array(cap - 1)))).toMatchObject({ ok: true });
    expect(decode(encode(new Uint8Array(cap + 1)))).toEqual(refused("too-long"));
    expect(decode(encode(new Uint8Array(cap)).subarray(0, -1))).toEqual(refused("truncated"));
  });

  test("entries and restored records: their number", () => {
    const entries = (count: number): Uint8Array => concat(Uint8Array.of(67, 1, 1), length(count), new Uint8Array(count * 3));
    expect(decodeDown(entries(limits.entriesPerMessageMax))).toMatchObject({ ok: true });
    expect(decodeDown(entries(limits.entriesPerMessageMax + 1))).toEqual(refused("too-long"));
    const restore = (count: number): Uint8Array => concat(Uint8Array.of(4, 1), length(count), new Uint8Array(count));
    expect(decodeUp(restore(limits.restoreRecordsMax))).toMatchObject({ ok: true });
    expect(decodeUp(restore(limits.restoreRecordsMax + 1))).toEqual(refused("too-long"));
  });

  test("whole records and whole presence envelopes", () => {
    const sized = (name: string, total: number): Uint8Array => {
      // The sample ends in: length of the ciphertext (2 bytes), 128 bytes of it, signature.
      const base = most(name);
      const start = base.subarray(0, base.length - 64 - 128 - 2);
      const prefix = total > 16_384 + 500 ? 3 : 2;
      const ciphertext = new Uint8Array(total - start.length - prefix - 64);
      return concat(start, length(ciphertext.length), ciphertext, new Uint8Array(64));
    };
    expect(sized("record", limits.recordBytesMax)).toHaveLength(limits.recordBytesMax);
    expect(decodeRecord(sized("record", limits.recordBytesMax))).toMatchObject({ ok: true });
    expect(decodeRecord(sized("record", limits.recordBytesMax + 1))).toEqual(refused("too-long"));
    expect(decodePresenceEnvelope(sized("presence-envelope", limits.presenceBytesMax))).toMatchObject({ ok: true });
    expect(decodePresenceEnvelope(sized("presence-envelope", limits.presenceBytesMax + 1))).toEqual(refused("too-long"));
    const signature = new Uint8Array(64) as Signature;
    expect(() => encodeRecord(new Uint8Array(limits.recordBytesMax - 63), signature)).toThrow(InvariantError);
    expect(() => encodePresenceEnvelope(new Uint8Array(limits.presenceBytesMax - 63), signature)).toThrow(InvariantError);
  });
});

describe("PR-5 a frame holds 1 to 4,096 messages in at most 1 MiB", () => {
  test("numbers of messages", () => {
    const nothings = (count: number): Uint8Array[] => Array.from({ length: count }, () => new Uint8Array(0));
    const empty = (count: number): Uint8Array => new Uint8Array(count);
    expect(decodeFrame(empty(0))).toEqual(refused("truncated"));
    expect(decodeFrame(empty(limits.frameMessagesMax))).toMatchObject({ ok: true });
    expect(decodeFrame(empty(limits.frameMessagesMax + 1))).toEqual(refused("too-long"));
    expect(() => encodeFrame([])).toThrow(InvariantError);
    expect(() => encodeFrame(nothings(limits.frameMessagesMax + 1))).toThrow(InvariantError);
    expect(encodeFrame(nothings(limits.frameMessagesMax))).toEqual(empty(limits.frameMessagesMax));
  });

  test("its size", () => {
    const message = new Uint8Array(limits.frameBytesMax - 3);
    const frame = encodeFrame([message]);
    expect(frame).toHaveLength(limits.frameBytesMax);
    expect(decodeFrame(frame)).toMatchObject({ ok: true });
    expect(decodeFrame(concat(frame, Uint8Array.of(0)))).toEqual(refused("too-long"));
    expect(() => encodeFrame([message, new Uint8Array(0)])).toThrow(InvariantError);
  });

  test("framedBytes tells what a message takes, at each length of the prefix", () => {
    for (const bytes of [0, 1, 127, 128, 16_383, 16_384, limits.frameBytesMax - 3]) {
      expect(framedBytes(bytes)).toBe(encodeFrame([new Uint8Array(bytes)]).length);
    }
  });

  test("the largest of each kind of message fits", () => {
    const record = new Uint8Array(limits.recordBytesMax);
    expect(encodeFrame([encodeUp({ type: "append", channel: 0xffff, record })]).length).toBeLessThan(limits.frameBytesMax);
    const entry = { receivedAtMs: timeMsMax, accessPosition: Number.MAX_SAFE_INTEGER, record };
    const message = encodeDown({ type: "entries", channel: 0xffff, from: Number.MAX_SAFE_INTEGER, entries: [entry] });
    expect(encodeFrame([message]).length).toBeLessThan(limits.frameBytesMax);
    expect(Math.ceil(limits.updateBytesMax * 1.12) + 1_024).toBeLessThan(limits.recordBytesMax);
  });
});

const plainBodyBytes = ({ encode, samples }: Format): number => encode({ ...(samples["most"] as RecordBody), snapshot: undefined }).length;

describe("PR-3 refused whole", () => {
  test.each(formats.filter((format) => format.name !== "frame").map((format) => [format.name, format] as const))(
    "%s with a byte more, a byte less, or nothing",
    (_, format) => {
      const bytes = format.encode(format.samples["most"]);
      expect(format.decode(concat(bytes, Uint8Array.of(0)))).toMatchObject({ ok: false });
      // Without its last field a part of a snapshot is a body like others: that field came later. The seal knows how long a body is.
      const plain = format.name === "snapshot-body" ? plainBodyBytes(format) : -1;
      for (let end = 0; end < bytes.length; end++) expect(format.decode(bytes.subarray(0, end)).ok).toBe(end === plain);
    },
  );

  test("every tag that is not in use, and every tag of the other direction", () => {
    const tagOf = (format: Format): number => format.encode(format.samples["least"])[0] ?? -1;
    const used = (prefix: string): Set<number> => new Set(messageFormats.filter((format) => format.name.startsWith(prefix)).map(tagOf));
    for (let tag = 0; tag < 256; tag++) {
      const rest = new Uint8Array(400);
      if (!used("up.").has(tag)) expect(decodeUp(concat(Uint8Array.of(tag), rest))).toEqual(refused("unknown-tag"));
      if (!used("down.").has(tag)) expect(decodeDown(concat(Uint8Array.of(tag), rest))).toEqual(refused("unknown-tag"));
    }
  });

  test("version bytes and record kinds other than ours", () => {
    const withByte = (name: string, at: number, value: number): Uint8Array => most(name).with(at, value);
    for (const value of [0, 2, 255]) {
      expect(decodeRecord(withByte("record", 0, value))).toEqual(refused("bad-value"));
      expect(formatOf("presence-envelope").decode(withByte("presence-envelope", 0, value))).toEqual(refused("bad-value"));
      expect(formatOf("certificate").decode(withByte("certificate", 0, value))).toEqual(refused("bad-value"));
    }
    for (const value of [0, 3, 255]) expect(decodeRecord(withByte("record", 1, value))).toEqual(refused("bad-value"));
  });

  test("refusal codes, acknowledgement levels and flags that have no meaning", () => {
    const closed = (code: number): unknown => decodeDown(Uint8Array.of(76, 1, code, 0));
    const numbers = new Set(Object.values(refusals).map((refusal) => refusal.number));
    for (let code = 0; code < 256; code++) expect(closed(code)).toMatchObject({ ok: numbers.has(code) });
    expect(decodeDown(concat(Uint8Array.of(65), new Uint8Array(64), Uint8Array.of(1, 4, 0, 0, 0, 0)))).toEqual(refused("bad-value"));
    expect(decodePresenceBody(most("presence-body").with(0, 2))).toEqual(refused("bad-value"));
  });

  test.each([
    ["a lone continuation byte", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["cut off", [0xe2, 0x82]],
  ] as const)("malformed UTF-8: %s", (_, bytes) => {
    expect(read(utf8(10), bytes.length, ...bytes)).toEqual(refused("bad-value"));
  });

  test("RC-4 record 0, epoch 0, and times that no date can hold", () => {
    const { header } = formatOf("record").samples["ordinary"] as SealedRecord;
    const record = formatOf("record").encode(formatOf("record").samples["ordinary"]);
    // version, kind, docId, then the epoch; n after the device and the replica.
    expect(decodeRecord(record.with(18, 0))).toEqual(refused("bad-value"));
    expect(decodeRecord(record.with(19 + 32 + 16, 0))).toEqual(refused("bad-value"));
    expect(header.n).toBe(record[19 + 32 + 16]);
    expect(
      decodePresenceEnvelope(formatOf("presence-envelope").encode(formatOf("presence-envelope").samples["ordinary"]).with(17, 0)),
    ).toEqual(refused("bad-value"));
    for (const [name, sample] of [
      ["record", { ...header, n: 0 }],
      ["record", { ...header, epoch: 0 }],
      ["presence-envelope", { ...header, epoch: 0 }],
    ] as const) {
      expect(() => formatOf(name).encode({ ...(formatOf(name).samples["ordinary"] as object), header: sample })).toThrow(InvariantError);
    }
    const pong = (timeMs: number): unknown => decodeDown(concat(Uint8Array.of(74, 0), length(timeMs)));
    expect(pong(timeMsMax)).toMatchObject({ ok: true });
    expect(pong(timeMsMax + 1)).toEqual(refused("too-long"));
    expect(() => new Date(timeMsMax).toISOString()).not.toThrow();
    expect(() => new Date(timeMsMax + 1).toISOString()).toThrow();
  });

  test("waits longer than a timer can hold", () => {
    const goodbye = (retryAfterMs: number): unknown => decodeDown(concat(Uint8Array.of(77), length(retryAfterMs)));
    expect(goodbye(limits.retryAfterMsMax)).toMatchObject({ ok: true });
    expect(goodbye(limits.retryAfterMsMax + 1)).toEqual(refused("too-long"));
    expect(limits.retryAfterMsMax).toBeLessThan(2 ** 31);
  });

  test("every capped number of a message: one more than its most", () => {
    const capped: readonly (readonly [Uint8Array, (bytes: Uint8Array) => unknown])[] = [
      [concat(Uint8Array.of(6), length(0x10000)), decodeUp],
      [concat(Uint8Array.of(7), length(2 ** 32)), decodeUp],
      [concat(Uint8Array.of(1), length(0x10000), new Uint8Array(128)), decodeUp],
      [concat(Uint8Array.of(64), length(0x10000), new Uint8Array(66)), decodeDown],
      [concat(Uint8Array.of(74), length(2 ** 32), Uint8Array.of(0)), decodeDown],
      [concat(Uint8Array.of(0), length(2 ** 32), Uint8Array.of(0, 0)), decodeRecordBody],
    ];
    for (const [bytes, decode] of capped) expect(decode(bytes)).toEqual(refused("too-long"));
  });
});

describe("PR-4 what a decoder hands out", () => {
  test("byte arrays are plain views, also of a Buffer, whose slice would not copy", () => {
    const padded = Buffer.concat([Buffer.alloc(5), most("record"), Buffer.alloc(5)]);
    const decoded = decodeRecord(padded.subarray(5, -5));
    if (!decoded.ok) throw new Error("does not decode");
    const { header, ...views } = decoded.value;
    for (const view of [...Object.values(views), header.docId, header.prev]) expect(view.constructor).toBe(Uint8Array);
    expect(views.hashedBytes).toEqual(most("record").subarray(0, -64));
    expect(concat(views.headerBytes, views.nonce)).toEqual(views.hashedBytes.subarray(0, views.headerBytes.length + 24));
    const presence = decodePresenceEnvelope(Buffer.from(most("presence-envelope")));
    if (!presence.ok) throw new Error("does not decode");
    expect(presence.value.hashedBytes.constructor).toBe(Uint8Array);
    expect(presence.value.hashedBytes).toEqual(most("presence-envelope").subarray(0, -64));
  });

  test("an error of ours is not taken for bad input", () => {
    const broken: Codec<number> = {
      write: () => undefined,
      read: () => {
        throw new RangeError("a bug");
      },
    };
    expect(() => decodeWith(broken, new Uint8Array(1), "field")).toThrow(RangeError);
  });

  test("lib0 reads what we write and the other way round", () => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 123_456_789);
    expect(decodeWith(varUint(), encoding.toUint8Array(encoder), "n")).toEqual({ ok: true, value: 123_456_789 });
  });
});

describe("invites' links", () => {
  const link: InviteLink = {
    spaceId: counting(16, 1) as SpaceId,
    head: { position: 3, hash: counting(32, 2) },
    docId: counting(16, 3) as DocId,
    secret: counting(16, 4),
    needsPassphrase: false,
  };
  const text = encodeInviteLink(link, checksum);
  const readLink = (value: string): unknown => decodeInviteLink(value, checksum);

  test("a whole link is read, with a secret of 16 or 32 bytes", () => {
    expect(readLink(text)).toEqual({ ok: true, value: link });
    const long = { ...link, secret: counting(32, 5) };
    expect(readLink(encodeInviteLink(long, checksum))).toEqual({ ok: true, value: long });
    expect(() => encodeInviteLink({ ...link, secret: counting(17, 5) }, checksum)).toThrow("16 or 32");
  });

  test("CR-17 a link that needs a passphrase says so by its version alone, and one that needs none is read by apps that know no passphrases", () => {
    const needing = { ...link, needsPassphrase: true };
    const bytes = (value: string): Buffer => Buffer.from(value, "base64url").subarray(0, -4);
    expect(readLink(encodeInviteLink(needing, checksum))).toEqual({ ok: true, value: needing });
    expect(bytes(text)[1]).toBe(1);
    expect(bytes(encodeInviteLink(needing, checksum))).toEqual(Buffer.from(bytes(text).fill(2, 1, 2)));
    // A link as the first version of the app made it.
    const old = "AgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAA";
    const payload = Buffer.from(old, "base64url");
    expect(readLink(toText(concat(payload, checksum(payload).subarray(0, 4))))).toMatchObject({
      ok: true,
      value: { needsPassphrase: false, secret: new Uint8Array(16) },
    });
  });

  test("a link cut anywhere is a truncated one", () => {
    expect(readLink("")).toEqual({ ok: false, error: "empty" });
    for (let end = 1; end < text.length; end++) expect(readLink(text.slice(0, end))).toEqual({ ok: false, error: "truncated" });
  });

  test("neither kind of link passes for the other, and a newer kind or version is told apart", () => {
    expect(decodeShareLink(text, checksum)).toEqual({ ok: false, error: "newer-version" });
    const whole = new Uint8Array(Buffer.from(text, "base64url").subarray(0, -4));
    const changed = (at: number, value: number): string => {
      const payload = whole.slice();
      payload[at] = value;
      return toText(concat(payload, checksum(payload).subarray(0, 4)));
    };
    expect(readLink(changed(0, 1))).toEqual({ ok: false, error: "not-a-link" });
    expect(readLink(changed(0, 3))).toEqual({ ok: false, error: "newer-version" });
    expect(readLink(changed(1, 3))).toEqual({ ok: false, error: "newer-version" });
    expect(readLink(changed(1, 0))).toEqual({ ok: false, error: "not-a-link" });
  });
});

describe("links", () => {
  const link: ShareLink = {
    spaceId: counting(16, 1) as SpaceId,
    docId: counting(16, 2) as DocId,
    epoch: 1,
    epochKey: counting(32, 3),
    genesis: counting(32, 4) as RecordHash,
    head: emptyHead,
  };
  const text = encodeShareLink(link, checksum);
  const readLink = (value: string): unknown => decodeShareLink(value, checksum);
  const withPayload = (change: (payload: Uint8Array) => Uint8Array): string => {
    const payload = change(new Uint8Array(Buffer.from(text, "base64url").subarray(0, -4)));
    return toText(concat(payload, checksum(payload).subarray(0, 4)));
  };

  test("a whole link is read; its key is a copy of its own", () => {
    const decoded = decodeShareLink(text, checksum);
    expect(decoded).toEqual({ ok: true, value: link });
    if (decoded.ok) expect(decoded.value.epochKey.buffer.byteLength).toBe(32);
  });

  test("a link cut anywhere is a truncated one", () => {
    expect(readLink("")).toEqual({ ok: false, error: "empty" });
    for (let end = 1; end < text.length; end++) expect(readLink(text.slice(0, end))).toEqual({ ok: false, error: "truncated" });
  });

  test("a mistyped character anywhere is noticed", () => {
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === "x" ? "y" : "x";
      expect(readLink(text.slice(0, at) + other + text.slice(at + 1))).toMatchObject({ ok: false });
    }
  });

  test("what is no link, and what a newer app made", () => {
    for (const value of ["hello world", "a=b", "é", "x".repeat(100_000), withPayload((payload) => payload.subarray(0, 40))]) {
      expect(readLink(value)).toEqual({ ok: false, error: "not-a-link" });
    }
    expect(readLink(withPayload((payload) => payload.with(0, 2)))).toEqual({ ok: false, error: "newer-version" });
    expect(readLink(withPayload((payload) => payload.with(33, 0)))).toEqual({ ok: false, error: "not-a-link" });
    expect(() => encodeShareLink({ ...link, epoch: 0 }, checksum)).toThrow(InvariantError);
  });
});

describe("SE-7 close codes", () => {
  test("44xx is final and everything else means: try again", () => {
    expect(new Set(Object.values(closeCodes)).size).toBe(Object.keys(closeCodes).length);
    for (const code of Object.values(closeCodes)) expect(Math.floor(code / 100)).toBe(isFinalClose(code) ? 44 : 45);
    for (const code of [1000, 1001, 1006, 1009, 1011, 1012, 4399, 4500]) expect(isFinalClose(code)).toBe(false);
    for (const code of [4400, 4499]) expect(isFinalClose(code)).toBe(true);
  });

  test("refusals have a number each, and it fits in a byte", () => {
    const numbers = Object.values(refusals).map((refusal) => refusal.number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(number > 0 && number < 256).toBe(true);
  });
});
