/**
 * WebSocket messages out of frames: a message in several frames (RFC 6455 §5.4) is one thing, or dropping its first frame would be a protocol error
 * and not a loss. Control frames may come between its frames and are messages of their own.
 */
import { createFrameReader, encodeFrameBytes, frameBytesMax, isControl, joined, opcodes, payloadOf, readFrameHeader } from "./frames.ts";
import type { Frame, FrameHeader } from "./frames.ts";

export interface Message {
  readonly opcode: number;
  readonly frames: readonly Frame[];
  /** All its frames, as they came. */
  readonly raw: Uint8Array;
  readonly payloadBytes: number;
  readonly isMasked: boolean;
  /** Unmasked. */
  payload(): Uint8Array;
}

export interface MessageEvents {
  /** A text or binary message begins. `whole`: it comes as `message`. `pass`: it comes in `passed`, as its bytes come. */
  begin(): "whole" | "pass";
  /** Between two frames, and so maybe between those of a message that passes: see `isPassing`. Control messages always come so. */
  message(message: Message): void;
  passed(bytes: Uint8Array): void;
  /** A message that passed is complete. `raw` is there if it is not longer than `copyBytesMax`. */
  passedMessage(opcode: number, raw: Uint8Array | undefined): void;
  /** What comes breaks the rules of framing, and passes as it is from now on: to judge it is the receiver's part. */
  broken(): void;
}

export interface MessageReader {
  push(chunk: Uint8Array): void;
  /** A message that passes has begun and not ended, or framing is broken: no other message may be put in now. */
  isPassing(): boolean;
  /** What is kept of unfinished messages. It is handed over. */
  take(): Uint8Array;
}

export const copyBytesMax: number = 64 * 1024;
const fragmentsMax = 4096;

export function createMessageReader(events: MessageEvents): MessageReader {
  let whole: { readonly frames: Frame[]; bytes: number } | undefined;
  let passing: { readonly opcode: number; readonly copy: Uint8Array[]; bytes: number } | undefined;
  let broken = false;

  /** What was kept of a message passes after all, and so does its rest. */
  const spill = (): void => {
    const frames = whole?.frames ?? [];
    whole = undefined;
    passing = { opcode: frames[0]?.header.opcode ?? opcodes.binary, copy: [], bytes: Number.POSITIVE_INFINITY };
    for (const { raw } of frames) events.passed(raw);
  };
  const giveUp = (): "pass" => {
    if (whole !== undefined) spill();
    broken = true;
    events.broken();
    return "pass";
  };

  const beginControl = (header: FrameHeader): "whole" | "pass" =>
    !header.final || header.payloadBytes > 125 || header.opcode > opcodes.pong ? giveUp() : "whole";

  const beginData = (header: FrameHeader): "whole" | "pass" => {
    if (header.opcode === opcodes.continuation) {
      if (passing !== undefined) return "pass";
      if (whole === undefined) return giveUp();
      if (whole.frames.length < fragmentsMax && whole.bytes + header.payloadBytes <= frameBytesMax) return "whole";
      spill();
      return "pass";
    }
    if (header.opcode > opcodes.binary || whole !== undefined || passing !== undefined) return giveUp();
    if (events.begin() === "whole" && header.payloadBytes <= frameBytesMax) {
      whole = { frames: [], bytes: 0 };
      return "whole";
    }
    passing = { opcode: header.opcode, copy: [], bytes: 0 };
    return "pass";
  };

  const reader = createFrameReader({
    begin: (header) => (broken ? "pass" : isControl(header) ? beginControl(header) : beginData(header)),
    frame: (frame) => {
      if (isControl(frame.header)) {
        events.message(messageOf([frame]));
        return;
      }
      if (whole === undefined) return;
      whole.frames.push(frame);
      whole.bytes += frame.header.payloadBytes;
      if (!frame.header.final) return;
      const message = messageOf(whole.frames);
      whole = undefined;
      events.message(message);
    },
    passed: (bytes) => {
      events.passed(bytes);
      if (passing === undefined) return;
      passing.bytes += bytes.length;
      if (passing.bytes <= copyBytesMax) passing.copy.push(bytes);
      else passing.copy.length = 0;
    },
    passedFrame: (header) => {
      if (!header.final || passing === undefined || broken) return;
      const { opcode, copy, bytes } = passing;
      passing = undefined;
      events.passedMessage(opcode, bytes <= copyBytesMax ? joined(copy) : undefined);
    },
  });

  return {
    push: reader.push,
    isPassing: () => broken || passing !== undefined,
    take: () => {
      const frames = whole?.frames ?? [];
      whole = undefined;
      passing = undefined;
      return joined([...frames.map(({ raw }) => raw), reader.take()]);
    },
  };
}

export function messageOf(frames: readonly Frame[]): Message {
  let payload: Uint8Array | undefined;
  return {
    opcode: frames[0]?.header.opcode ?? opcodes.binary,
    frames,
    raw: joined(frames.map(({ raw }) => raw)),
    payloadBytes: frames.reduce((sum, { header }) => sum + header.payloadBytes, 0),
    isMasked: frames[0]?.header.mask !== undefined,
    payload: () => (payload ??= joined(frames.map(payloadOf))),
  };
}

/** The message of which `raw` holds all the frames. */
export function readMessage(raw: Uint8Array): Message {
  const frames: Frame[] = [];
  for (let at = 0; at < raw.length;) {
    const header = readFrameHeader(raw, at);
    if (header === undefined) break;
    const end = at + header.headerBytes + header.payloadBytes;
    frames.push({ header, raw: raw.subarray(at, end) });
    at = end;
  }
  return messageOf(frames);
}

/** A message in one frame, with the reserved bits of `like`. `mask` is for those from a client. */
export const encodeMessage = (like: Message, payload: Uint8Array, mask: Uint8Array | undefined): Uint8Array =>
  encodeFrameBytes({ final: true, reserved: like.frames[0]?.header.reserved ?? 0, opcode: like.opcode }, payload, mask);
