import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPrng } from "../prng.ts";
import { corrupted, truncated } from "./frame-damage.ts";
import { createFrameReader, encodeFrameBytes, frameBytesMax, joined, masked, opcodes, readFrameHeader } from "./frames.ts";
import type { FrameHeader } from "./frames.ts";
import { createMessageReader, messageOf, readMessage } from "./messages.ts";
import type { Message } from "./messages.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const utf8 = (bytes: Uint8Array): string => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

interface Sent {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly mask: Uint8Array | undefined;
  /** Where the payload is cut into frames. */
  readonly cuts: readonly number[];
  /** Payload of a ping after the first frame. */
  readonly ping: Uint8Array | undefined;
}

const sent: fc.Arbitrary<Sent> = fc.record({
  opcode: fc.constantFrom(opcodes.text, opcodes.binary),
  // Filled from a seed: fast-check takes long over long arrays.
  payload: fc
    .tuple(
      fc.oneof({ weight: 19, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_540 }) }),
      fc.bigInt({ min: 0n, max: 9n }),
    )
    .map(([length, seed]) => createPrng(seed).bytes(length)),
  mask: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined }),
  cuts: fc.array(fc.nat(300), { maxLength: 3 }),
  ping: fc.option(fc.uint8Array({ maxLength: 125 }), { nil: undefined }),
});

function wire({ opcode, payload, mask, cuts, ping }: Sent): Uint8Array {
  const edges = [0, ...cuts.map((cut) => Math.min(cut, payload.length)).sort((a, b) => a - b), payload.length];
  const frames = edges.slice(1).map((end, index) => {
    const final = index === edges.length - 2;
    return encodeFrameBytes({ final, reserved: 0, opcode: index === 0 ? opcode : 0 }, payload.subarray(edges[index], end), mask);
  });
  if (ping !== undefined) frames.splice(1, 0, encodeFrameBytes({ final: true, reserved: 0, opcode: opcodes.ping }, ping, mask));
  return joined(frames);
}

/** Cuts bytes into pieces, as TCP may. */
function pieces(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[index % sizes.length] ?? 1);
    out.push(bytes.subarray(at, at + size));
    at += size;
  }
  return out;
}
const splits = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 70_000 })), { maxLength: 5 });

interface Seen {
  readonly messages: Message[];
  readonly passed: Uint8Array[];
  readonly copies: (Uint8Array | undefined)[];
  broken: number;
}

function read(chunks: readonly Uint8Array[], begin: () => "whole" | "pass"): Seen & { readonly rest: Uint8Array } {
  const seen: Seen = { messages: [], passed: [], copies: [], broken: 0 };
  const reader = createMessageReader({
    begin,
    message: (message) => seen.messages.push(message),
    passed: (bytes) => seen.passed.push(bytes),
    passedMessage: (_, raw) => seen.copies.push(raw),
    broken: () => seen.broken++,
  });
  for (const chunk of chunks) reader.push(chunk);
  return { ...seen, rest: reader.take() };
}

describe("CX-1 frames are read as RFC 6455 writes them", () => {
  test.each([
    ["a single-frame unmasked text", "81 05 48 65 6c 6c 6f", 1, "Hello"],
    ["a single-frame masked text", "81 85 37 fa 21 3d 7f 9f 4d 51 58", 1, "Hello"],
    ["a fragmented unmasked text", "01 03 48 65 6c 80 02 6c 6f", 1, "Hello"],
    ["an unmasked ping", "89 05 48 65 6c 6c 6f", 9, "Hello"],
    ["a masked pong", "8a 85 37 fa 21 3d 7f 9f 4d 51 58", 10, "Hello"],
  ])("CX-1 RFC 6455 §5.7: %s", (_, frames, opcode, text) => {
    const { messages, rest } = read([bytesOf(frames)], () => "whole");
    expect(messages.map((message) => [message.opcode, utf8(message.payload())])).toEqual([[opcode, text]]);
    expect(rest).toHaveLength(0);
  });

  test.each([
    ["256 bytes", "82 7e 01 00", 256],
    ["64 KiB", "82 7f 00 00 00 00 00 01 00 00", 65_536],
  ])("CX-1 RFC 6455 §5.7: %s in an unmasked binary frame", (_, header, length) => {
    const payload = createPrng(1n).bytes(length);
    expect(encodeFrameBytes({ final: true, reserved: 0, opcode: 2 }, payload, undefined)).toEqual(joined([bytesOf(header), payload]));
    const { messages } = read([joined([bytesOf(header), payload])], () => "whole");
    expect(messages.map((message) => hex(message.payload()))).toEqual([hex(payload)]);
  });

  test("CX-1 a masked frame is encoded as the RFC's example", () => {
    const encoded = encodeFrameBytes({ final: true, reserved: 0, opcode: 1 }, Buffer.from("Hello"), bytesOf("37 fa 21 3d"));
    expect(hex(encoded)).toBe("818537fa213d7f9f4d5158");
  });

  test("CX-1 messages come whole however TCP split them, and pings between their frames come on their own", () => {
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1, maxLength: 6 }), splits, (all, sizes) => {
        const { messages, passed, rest, broken } = read(pieces(joined(all.map(wire)), sizes), () => "whole");
        const data = messages.filter(({ opcode }) => opcode !== opcodes.ping);
        expect(data.map((message) => [message.opcode, hex(message.payload())])).toEqual(
          all.map(({ opcode, payload }) => [opcode, hex(payload)]),
        );
        const pings = messages.filter(({ opcode }) => opcode === opcodes.ping).map((message) => hex(message.payload()));
        expect(pings).toEqual(all.flatMap(({ ping }) => (ping === undefined ? [] : [hex(ping)])));
        expect([passed.length, rest.length, broken]).toEqual([0, 0, 0]);
      }),
    );
  });

  test("CX-1 what is not asked for passes byte for byte, and a copy of it is whole", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sent, fc.boolean()), { minLength: 1, maxLength: 6 }), splits, (all, sizes) => {
        let index = 0;
        const { messages, copies } = read(pieces(joined(all.map(([one]) => wire(one))), sizes), () =>
          all[index++]?.[1] === true ? "whole" : "pass",
        );
        const whole = messages.filter(({ opcode }) => opcode !== opcodes.ping).map((message) => hex(message.payload()));
        expect(whole).toEqual(all.filter(([, kept]) => kept).map(([{ payload }]) => hex(payload)));
        const expected = all.filter(([, kept]) => !kept).map(([{ payload }]) => hex(payload));
        expect(copies.map((copy, at) => (copy === undefined ? expected[at] : hex(readMessage(copy).payload())))).toEqual(expected);
      }),
    );
  });

  test("CX-1 bytes that are no frames, or break the rules, pass unchanged", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(sent.map(wire), fc.uint8Array({ maxLength: 40 })), { maxLength: 6 }), splits, (parts, sizes) => {
        const all = joined(parts);
        const out: Uint8Array[] = [];
        const reader = createMessageReader({
          begin: () => "whole",
          message: ({ raw }) => out.push(raw),
          passed: (bytes) => out.push(bytes),
          passedMessage: () => undefined,
          broken: () => undefined,
        });
        for (const piece of pieces(all, sizes)) reader.push(piece);
        out.push(reader.take());
        // A ping between the frames of a message that is kept whole comes before it: the same bytes, in another order.
        expect(joined(out).sort()).toEqual(all.sort());
      }),
    );
  });

  test("CX-1 a frame that says it is longer than the cap is never kept", () => {
    const header = bytesOf("82 7f 00 00 00 00 01 00 00 01");
    expect(readFrameHeader(header)?.payloadBytes).toBe(frameBytesMax + 1);
    const { passed, rest } = read([header, new Uint8Array(1000)], () => "whole");
    expect([joined(passed).length, rest.length]).toEqual([1010, 0]);
  });

  test("CX-1 a message whose frames together exceed the cap passes, those that were kept first", () => {
    const big = encodeFrameBytes({ final: false, reserved: 0, opcode: 2 }, new Uint8Array(frameBytesMax - 10), undefined);
    const next = encodeFrameBytes({ final: true, reserved: 0, opcode: 0 }, new Uint8Array(20), undefined);
    const { passed, messages, broken } = read([big, next], () => "whole");
    expect(messages.length).toBe(0);
    expect([joined(passed).length, broken]).toEqual([big.length + next.length, 0]);
  });

  test("CX-1 a continuation of nothing, a message within a message and a long ping break framing once", () => {
    const text = encodeFrameBytes({ final: false, reserved: 0, opcode: 1 }, new Uint8Array(3), undefined);
    const ping = encodeFrameBytes({ final: true, reserved: 0, opcode: 9 }, new Uint8Array(126), undefined);
    for (const bytes of [bytesOf("80 00 80 00"), joined([text, text]), joined([ping, ping])]) {
      const { passed, broken, messages } = read([bytes], () => "whole");
      expect([hex(joined(passed)), broken, messages.length]).toEqual([hex(bytes), 1, 0]);
    }
  });

  test("CX-1 the frame reader says where a passing frame ends", () => {
    const ends: FrameHeader[] = [];
    const reader = createFrameReader({
      begin: () => "pass",
      frame: () => undefined,
      passed: () => undefined,
      passedFrame: (header) => ends.push(header),
    });
    for (const piece of pieces(joined([bytesOf("82 00"), bytesOf("01 03 48 65 6c"), bytesOf("80 02 6c 6f")]), [1])) reader.push(piece);
    expect(ends.map(({ opcode, payloadBytes }) => [opcode, payloadBytes])).toEqual([
      [2, 0],
      [1, 3],
      [0, 2],
    ]);
  });
});

describe("CX-2 damage is well framed", () => {
  const asMessage = (one: Sent): Message => readMessage(wire({ ...one, ping: undefined }));
  const filled = sent.filter(({ payload }) => payload.length > 0);

  test("CX-2 corrupt flips exactly one bit of the payload, and masking stays right", () => {
    fc.assert(
      fc.property(filled, fc.bigInt({ min: 0n, max: 1000n }), (one, seed) => {
        const binary = { ...one, opcode: opcodes.binary };
        const after = readMessage(corrupted(asMessage(binary), createPrng(seed))).payload();
        expect(after).toHaveLength(one.payload.length);
        const flipped = after.reduce((bits, byte, index) => {
          const difference = byte ^ (one.payload[index] ?? 0);
          return bits + difference.toString(2).replaceAll("0", "").length;
        }, 0);
        expect(flipped).toBe(1);
      }),
    );
  });

  test("CX-2 a text stays valid UTF-8, corrupt or truncated", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "binary" }), filled, fc.bigInt({ min: 0n, max: 1000n }), (text, one, seed) => {
        const payload = new TextEncoder().encode(text);
        const message = asMessage({ ...one, opcode: opcodes.text, payload });
        const corrupt = utf8(readMessage(corrupted(message, createPrng(seed))).payload());
        expect(corrupt).not.toBe(utf8(payload));
        const short = readMessage(truncated(message, createPrng(seed)));
        expect(short.payloadBytes).toBeLessThan(payload.length);
        expect(utf8(payload).startsWith(utf8(short.payload()))).toBe(true);
      }),
    );
  });

  test("CX-2 truncate makes a shorter message in one frame, masked if the whole one was", () => {
    fc.assert(
      fc.property(filled, fc.bigInt({ min: 0n, max: 1000n }), (one, seed) => {
        const binary = { ...one, opcode: opcodes.binary };
        const after = readMessage(truncated(asMessage(binary), createPrng(seed)));
        expect([after.frames.length, after.isMasked]).toEqual([1, one.mask !== undefined]);
        expect(hex(one.payload).startsWith(hex(after.payload()))).toBe(true);
      }),
    );
  });

  test("CX-2 masking twice is nothing", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array({ minLength: 4, maxLength: 4 }), (payload, mask) => {
        expect(masked(masked(payload, mask), mask)).toEqual(payload);
      }),
    );
    expect(messageOf([]).payloadBytes).toBe(0);
  });
});
