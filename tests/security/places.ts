/** Everywhere that something secret could have ended up, as bytes to search: folders, LevelDB's rows, a wire, a living process. */
import { closeSync, cpSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { decodeDown, decodeFrame, decodeRecord, decodeUp } from "@skerry/protocol";
import type { DownMessage, UpMessage } from "@skerry/protocol";
import { webSocketMessages } from "@skerry/simulator";
import type { CapturedStream } from "@skerry/simulator";
import { Level } from "level";

/** Bytes, and the name under which a finding in them is told. */
export type Piece = readonly [place: string, bytes: Uint8Array];

/** Every file under a folder, and every file name. */
export function* filePieces(folder: string): Iterable<Piece> {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = path.join(folder, name);
    yield [`name of ${name}`, Buffer.from(name)];
    if (statSync(file).isFile()) yield [name, readFileSync(file)];
  }
}

/** Keys and values as LevelDB gives them, out of its compressed blocks. Reads a copy: opening a database changes it. */
export async function levelPieces(folder: string): Promise<readonly Piece[]> {
  const copy = mkdtempSync(path.join(tmpdir(), "skerry-level-copy-"));
  try {
    cpSync(folder, copy, { recursive: true });
    const database = new Level<Uint8Array, Uint8Array>(copy, { keyEncoding: "view", valueEncoding: "view" });
    try {
      const rows = await database.iterator().all();
      return rows.flatMap(([key, value], index): Piece[] => {
        const record = recordIn(value);
        return [[`key ${index}`, key], [`value ${index}`, value], ...(record === undefined ? [] : recordPieces(`value ${index}`, record))];
      });
    } finally {
      await database.close();
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A stored row carries its record somewhere: wherever one decodes to the end of the row. */
function recordIn(value: Uint8Array): Uint8Array | undefined {
  for (let at = 0; at < Math.min(value.length, 64); at++) if (decodeRecord(value.subarray(at)).ok) return value.subarray(at);
  return undefined;
}

function recordPieces(place: string, bytes: Uint8Array): readonly Piece[] {
  const record = decodeRecord(bytes);
  if (!record.ok) return [];
  const { headerBytes, nonce, ciphertext, signature } = record.value;
  return [
    [`${place}, header`, headerBytes],
    [`${place}, nonce`, nonce],
    [`${place}, ciphertext`, ciphertext],
    [`${place}, signature`, signature],
  ];
}

/** A captured stream as it went, then each WebSocket message, unmasked, then each of our messages, then each field of bytes in it. */
export function* wirePieces({ connection, direction, bytes }: CapturedStream): Iterable<Piece> {
  const stream = `connection ${connection} ${direction}`;
  yield [stream, bytes];
  for (const [index, frame] of webSocketMessages(bytes).entries()) {
    const place = `${stream}, frame ${index}`;
    yield [place, frame];
    const messages = decodeFrame(frame);
    if (!messages.ok) continue;
    for (const message of messages.value) {
      const decoded = direction === "up" ? decodeUp(message) : decodeDown(message);
      if (decoded.ok) yield* messagePieces(`${place}, ${decoded.value.type}`, decoded.value);
    }
  }
}

function* messagePieces(place: string, message: UpMessage | DownMessage): Iterable<Piece> {
  if (message.type === "append") yield* recordPieces(place, message.record);
  if (message.type === "restore") for (const record of message.records) yield* recordPieces(place, record);
  if (message.type === "entries") for (const entry of message.entries) yield* recordPieces(place, entry.record);
  for (const [name, value] of Object.entries(message)) if (value instanceof Uint8Array) yield [`${place}, ${name}`, value];
}

const chunkBytes = 16 * 1024 * 1024;

/**
 * All that a process may write to: its heaps, stacks, static data, buffers. Linux. The process stands still meanwhile. Throws if anything can't be
 * read, for then a search of the rest would prove nothing. `overlap`: bytes that each chunk repeats of the one before.
 */
export function* memoryPieces(pid: number, overlap: number): Iterable<Piece> {
  process.kill(pid, "SIGSTOP");
  let memory: number | undefined;
  try {
    memory = openSync(`/proc/${pid}/mem`, "r");
    for (const { from, to, name } of writableMaps(pid)) {
      for (let at = from; at < to; at += chunkBytes) {
        const start = Math.max(from, at - overlap);
        yield [`memory at ${start.toString(16)} ${name}`, readMemory(memory, start, Math.min(to, at + chunkBytes))];
      }
    }
  } finally {
    if (memory !== undefined) closeSync(memory);
    process.kill(pid, "SIGCONT");
  }
}

function readMemory(memory: number, from: number, to: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let done = 0; done < bytes.length;) {
    const read = readSync(memory, bytes, done, bytes.length - done, from + done);
    if (read === 0) throw new Error("memory ended early");
    done += read;
  }
  return bytes;
}

interface MemoryMap {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** Readable and writable. What is only readable comes from files that were there before any secret was. */
export function writableMaps(pid: number): readonly MemoryMap[] {
  return readFileSync(`/proc/${pid}/maps`, "latin1")
    .split("\n")
    .flatMap((line) => {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw\S+ \S+ \S+ \d+\s*(.*)$/.exec(line);
      return match === null
        ? []
        : [{ from: Number.parseInt(match[1] ?? "", 16), to: Number.parseInt(match[2] ?? "", 16), name: match[3] ?? "" }];
    });
}

/** Total bytes of a living process's resident memory. */
export const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
