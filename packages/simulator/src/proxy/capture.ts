/** All bytes that went over a wire, kept for tests that search them for what must not be there. */
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
    const frame = readFrame(text, at);
    if (frame === undefined) break;
    at = frame.end;
    if (frame.opcode >= 8) continue;
    parts.push(frame.payload);
    if (!frame.final) continue;
    messages.push(new Uint8Array(Buffer.concat(parts)));
    parts = [];
  }
  if (parts.length > 0) messages.push(new Uint8Array(Buffer.concat(parts)));
  return messages;
}

interface WebSocketFrame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly end: number;
}

function readFrame(bytes: Buffer, at: number): WebSocketFrame | undefined {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (second & 0x80) !== 0;
  const payloadAt = at + 2 + extended + (masked ? 4 : 0);
  if (payloadAt > bytes.length) return undefined;
  const length = extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const payload = new Uint8Array(bytes.subarray(payloadAt, payloadAt + length));
  if (masked)
    for (let index = 0; index < payload.length; index++) payload[index] = (payload[index] ?? 0) ^ (bytes[payloadAt - 4 + (index & 3)] ?? 0);
  return { final: (first & 0x80) !== 0, opcode: first & 0x0f, payload, end: payloadAt + length };
}
