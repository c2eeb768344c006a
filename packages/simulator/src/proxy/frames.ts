/**
 * WebSocket frames (RFC 6455 §5) as they are on the wire, cut out of a stream that TCP may have split anywhere. Payloads stay masked as they came:
 * a bit flipped in a masked byte is the same bit flipped in the byte that the receiver sees.
 */
import { assert } from "@skerry/protocol";

/** A frame that says it is longer passes as it comes, unbuffered. */
export const frameBytesMax: number = 16 * 1024 * 1024;

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameHeader {
  readonly final: boolean;
  /** RSV1 to RSV3: not 0 only if an extension was agreed. */
  readonly reserved: number;
  readonly opcode: number;
  /** 4 bytes. Clients mask, servers do not. */
  readonly mask: Uint8Array | undefined;
  readonly headerBytes: number;
  readonly payloadBytes: number;
}

export interface Frame {
  readonly header: FrameHeader;
  /** Header and payload as they came. */
  readonly raw: Uint8Array;
}

export const isControl = (header: FrameHeader): boolean => header.opcode >= 8;

/** Reads a header at `at`; undefined if the bytes end before it does. */
export function readFrameHeader(bytes: Uint8Array, at = 0): FrameHeader | undefined {
  if (at + 2 > bytes.length) return undefined;
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (second & 0x80) !== 0;
  const headerBytes = 2 + extended + (masked ? 4 : 0);
  if (at + headerBytes > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes);
  return {
    final: (first & 0x80) !== 0,
    reserved: (first >> 4) & 7,
    opcode: first & 0x0f,
    mask: masked ? bytes.slice(at + headerBytes - 4, at + headerBytes) : undefined,
    headerBytes,
    payloadBytes: extended === 0 ? short : extended === 2 ? view.getUint16(2) : Number(view.getBigUint64(2)),
  };
}

/** XOR with the mask; twice gives what was before. Without a mask, a copy. */
export function masked(payload: Uint8Array, mask: Uint8Array | undefined): Uint8Array {
  const out = new Uint8Array(payload);
  if (mask === undefined) return out;
  for (let index = 0; index < out.length; index++) out[index] = (out[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return out;
}

export const payloadOf = ({ header, raw }: Frame): Uint8Array => masked(raw.subarray(header.headerBytes), header.mask);

/** A whole frame with the shortest header. `payload` is given unmasked. */
export function encodeFrameBytes(
  head: Pick<FrameHeader, "final" | "reserved" | "opcode">,
  payload: Uint8Array,
  mask: Uint8Array | undefined,
): Uint8Array {
  const extended = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const headerBytes = 2 + extended + (mask === undefined ? 0 : 4);
  const out = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(out.buffer);
  out[0] = (head.final ? 0x80 : 0) | (head.reserved << 4) | head.opcode;
  out[1] = (mask === undefined ? 0 : 0x80) | (extended === 0 ? payload.length : extended === 2 ? 126 : 127);
  if (extended === 2) view.setUint16(2, payload.length);
  if (extended === 8) view.setBigUint64(2, BigInt(payload.length));
  if (mask !== undefined) out.set(mask, headerBytes - 4);
  out.set(masked(payload, mask), headerBytes);
  return out;
}

export interface FrameEvents {
  /** A frame begins. `whole`: it is kept and comes as `frame`. `pass`: it comes in `passed`, as its bytes come, and ends with `passedFrame`. */
  begin(header: FrameHeader): "whole" | "pass";
  frame(frame: Frame): void;
  passed(bytes: Uint8Array): void;
  passedFrame(header: FrameHeader): void;
}

export interface FrameReader {
  push(chunk: Uint8Array): void;
  /** Bytes of an unfinished header or of a frame that is kept whole. They are handed over, and the reader begins anew. */
  take(): Uint8Array;
}

const headerBytesMax = 14;

export function createFrameReader(events: FrameEvents): FrameReader {
  /** What is here of the header that is being read. */
  let start = new Uint8Array(0);
  let header: FrameHeader | undefined;
  let kept: Uint8Array[] | undefined;
  let left = 0;

  const finish = (): void => {
    const done = header;
    assert(done !== undefined && left === 0, "a frame ends where it ends");
    const pieces = kept;
    header = undefined;
    kept = undefined;
    if (pieces === undefined) events.passedFrame(done);
    else events.frame({ header: done, raw: joined(pieces) });
  };

  /** Returns how many bytes of `chunk` belong to the header, or all, if it goes on in the next. */
  const readHeader = (chunk: Uint8Array): number => {
    const bytes = joined([start, chunk.subarray(0, headerBytesMax)]);
    const found = readFrameHeader(bytes);
    if (found === undefined) {
      start = bytes;
      return chunk.length;
    }
    const used = found.headerBytes - start.length;
    const raw = bytes.slice(0, found.headerBytes);
    start = new Uint8Array(0);
    header = found;
    left = found.payloadBytes;
    if (events.begin(found) === "whole" && found.payloadBytes <= frameBytesMax) kept = [raw];
    else events.passed(raw);
    if (left === 0) finish();
    return used;
  };

  return {
    push: (chunk) => {
      let rest = chunk;
      while (rest.length > 0) {
        if (header === undefined) {
          rest = rest.subarray(readHeader(rest));
          continue;
        }
        const piece = rest.subarray(0, left);
        rest = rest.subarray(piece.length);
        left -= piece.length;
        if (kept === undefined) events.passed(piece);
        else kept.push(piece);
        if (left === 0) finish();
      }
    },
    take: () => {
      const bytes = joined([...(kept ?? []), start]);
      header = undefined;
      kept = undefined;
      start = new Uint8Array(0);
      left = 0;
      return bytes;
    },
  };
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
