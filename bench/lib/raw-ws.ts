/**
 * A WebSocket client that spends as little CPU as possible, so that the measuring side does not become the bottleneck. No extensions, no
 * fragments; the masking key is zero, which is legal and meant for measuring on loopback only.
 */
import net from "node:net";

export interface RawWs {
  readonly ready: Promise<void>;
  frames(): number;
  bytesIn(): number;
  /** Bytes not yet handed to the kernel. */
  backlog(): number;
  send(payload: Uint8Array): void;
  close(): void;
}

export interface RawWsOptions {
  readonly port: number;
  readonly path: string;
  readonly onOpen?: () => void;
  /** `frame` is a view that is valid only during the call. */
  readonly onFrame: (frame: Buffer) => void;
}

function frameHeader(opcode: number, length: number): Buffer {
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(6 + extra);
  header[0] = 0x80 | opcode;
  if (extra === 0) header[1] = 0x80 | length;
  else if (extra === 2) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return header;
}

/** Splits a byte stream into frames; keeps an incomplete one for the next chunk. */
function createSplitter(onFrame: (opcode: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let need = 2;
  return (incoming) => {
    kept.push(incoming);
    keptBytes += incoming.length;
    if (keptBytes < need) return;
    const chunk = kept.length === 1 ? incoming : Buffer.concat(kept);
    let at = 0;
    for (;;) {
      const left = chunk.length - at;
      need = 2;
      if (left < need) break;
      let length = (chunk[at + 1] ?? 0) & 0x7f;
      let header = 2;
      if (length === 126) {
        header = 4;
        if (left < header) break;
        length = chunk.readUInt16BE(at + 2);
      } else if (length === 127) {
        header = 10;
        if (left < header) break;
        length = Number(chunk.readBigUInt64BE(at + 2));
      }
      need = header + length;
      if (left < need) break;
      onFrame((chunk[at] ?? 0) & 0x0f, chunk.subarray(at + header, at + need));
      at += need;
    }
    kept = at < chunk.length ? [chunk.subarray(at)] : [];
    keptBytes = chunk.length - at;
  };
}

export function connectRaw({ port, path, onOpen, onFrame }: RawWsOptions): RawWs {
  const socket = net.createConnection({ port, host: "127.0.0.1" });
  socket.setNoDelay(true);
  let frames = 0;
  let open = false;
  let head = Buffer.alloc(0);
  const write = (opcode: number, payload: Uint8Array): void => {
    if (socket.destroyed) return;
    socket.cork();
    socket.write(frameHeader(opcode, payload.length));
    socket.write(payload);
    socket.uncork();
  };
  const split = createSplitter((opcode, payload) => {
    if (opcode === 1 || opcode === 2) {
      frames++;
      onFrame(payload);
    } else if (opcode === 9) write(10, Buffer.from(payload));
    else if (opcode === 8) socket.destroy();
  });
  const ready = new Promise<void>((resolve, reject) => {
    socket.on("connect", () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      ),
    );
    socket.on("data", (chunk: Buffer) => {
      if (open) return split(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!head.toString("latin1", 0, 12).includes("101")) {
        reject(new Error(`upgrade refused: ${head.toString("latin1", 0, 60)}`));
        socket.destroy();
        return;
      }
      open = true;
      onOpen?.();
      resolve();
      const rest = head.subarray(end + 4);
      if (rest.length > 0) split(rest);
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
  });
  ready.catch(() => undefined);
  return {
    ready,
    frames: () => frames,
    bytesIn: () => socket.bytesRead,
    backlog: () => socket.writableLength,
    send: (payload) => write(2, payload),
    close: () => socket.destroy(),
  };
}
