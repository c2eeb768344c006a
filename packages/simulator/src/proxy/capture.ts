/** All bytes that went over a wire, kept for tests that search them for what must not be there. */
import { isControl, masked, readFrameHeader } from "./frames.ts";

export type Direction = "up" | "down";

/** One direction of one connection, whole: a string that was split over packets is found in it. */
export interface CapturedStream {
  readonly connection: number;
  /** `up` is from client to relay. */
  readonly direction: Direction;
  readonly bytes: Uint8Array;
}

export interface Capture {
  streams(): readonly CapturedStream[];
  /** Bytes beyond the cap were not kept: a search that finds nothing has proved nothing. */
  overflowed(): boolean;
  clear(): void;
}

export interface Recorder extends Capture {
  add(connection: number, direction: Direction, chunk: Uint8Array): void;
}

export function createRecorder(bytesMax: number): Recorder {
  let kept = 0;
  let overflowed = false;
  const chunks = new Map<string, Uint8Array[]>();
  return {
    add: (connection, direction, chunk) => {
      const room = bytesMax - kept;
      if (chunk.length > room) overflowed = true;
      if (room <= 0) return;
      const piece = chunk.slice(0, room);
      kept += piece.length;
      const key = `${connection} ${direction}`;
      const list = chunks.get(key);
      if (list === undefined) chunks.set(key, [piece]);
      else list.push(piece);
    },
    streams: () =>
      [...chunks].map(([key, list]) => {
        const [connection, direction] = key.split(" ");
        return { connection: Number(connection), direction: direction as Direction, bytes: new Uint8Array(Buffer.concat(list)) };
      }),
    overflowed: () => overflowed,
    clear: () => {
      chunks.clear();
      kept = 0;
      overflowed = false;
    },
  };
}

/**
 * The messages of a captured WebSocket stream (RFC 6455 §5), unmasked: a browser XORs all it sends with a random mask, so a search of the raw
 * bytes finds nothing there whatever was sent. Empty if the stream was not upgraded; an unfinished last message is given as far as it goes.
 */
export function webSocketMessages(stream: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(stream.buffer, stream.byteOffset, stream.length);
  const upgrade = text.toString("latin1").search(/\r\nupgrade: *websocket\r\n/i);
  const start = upgrade < 0 ? -1 : text.indexOf("\r\n\r\n", upgrade);
  const messages: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let at = start < 0 ? stream.length : start + 4;
  while (at + 2 <= stream.length) {
    const header = readFrameHeader(stream, at);
    if (header === undefined) break;
    const payloadAt = at + header.headerBytes;
    at = payloadAt + header.payloadBytes;
    if (isControl(header)) continue;
    parts.push(masked(stream.subarray(payloadAt, at), header.mask));
    if (!header.final) continue;
    messages.push(new Uint8Array(Buffer.concat(parts)));
    parts = [];
  }
  if (parts.length > 0) messages.push(new Uint8Array(Buffer.concat(parts)));
  return messages;
}
