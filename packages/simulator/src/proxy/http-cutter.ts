/**
 * Cuts one direction of an HTTP/1.1 connection into heads and bodies (RFC 9112 §6), to find the upgrade among other requests of a kept-alive connection.
 * It judges nothing: what it can't follow it calls raw, and from then on bytes are bytes.
 */
export type BodyKind = { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" | "until-close" };

export const noBody: BodyKind = { kind: "length", bytes: 0 };

export interface Head {
  /** Request or status line, then header lines, with their line ends, the empty line left out. */
  readonly lines: readonly string[];
  readonly startLine: string;
  /** Value of the first header of that name (given in lower case), trimmed. */
  value(name: string): string | undefined;
}

/** What follows a head: a body, something that is no HTTP (`stop`), or nobody knows. */
export type AfterHead = BodyKind | "stop" | "raw";

export interface CutterEvents {
  /** Bytes of a head that is not complete are kept back until it is. */
  head(head: Head, raw: Uint8Array): AfterHead;
  body(bytes: Uint8Array): void;
  /** Not HTTP, or not one that can be followed; `bytes` are those not handed out yet. */
  raw(bytes: Uint8Array): void;
}

export interface HttpCutter {
  /** Returns what comes after a head that was answered with `stop`; otherwise nothing is left. */
  push(chunk: Uint8Array): Uint8Array;
  /** What is kept of an incomplete head. It is handed over. */
  take(): Uint8Array;
}

export const headBytesMax: number = 64 * 1024;
const lineBytesMax = 16 * 1024;

const empty = new Uint8Array(0);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

/** `starts` says whether a stream that begins so may be HTTP of this direction. */
export function createHttpCutter(starts: (beginning: string) => boolean, events: CutterEvents): HttpCutter {
  let state: "head" | "length" | "chunk-size" | "chunk" | "trailer" | "until-close" | "raw" | "stopped" = "head";
  let kept: Buffer = Buffer.alloc(0);
  let left = 0;
  let line = "";

  const goRaw = (bytes: Uint8Array): Uint8Array => {
    state = "raw";
    if (bytes.length > 0) events.raw(bytes);
    return empty;
  };

  const takeHead = (chunk: Uint8Array): Uint8Array => {
    const searchedFrom = Math.max(0, kept.length - 3);
    kept = Buffer.concat([kept, chunk]);
    const end = kept.indexOf("\r\n\r\n", searchedFrom);
    if (!starts(kept.subarray(0, 16).toString("latin1")) || (end < 0 && kept.length > headBytesMax)) return goRaw(take());
    if (end < 0) return empty;
    const raw = new Uint8Array(kept.subarray(0, end + 4));
    const rest = new Uint8Array(kept.subarray(end + 4));
    kept = Buffer.alloc(0);
    const after = events.head(parseHead(textOf(raw)), raw);
    if (after === "raw") return goRaw(rest);
    if (after === "stop") {
      state = "stopped";
      return rest;
    }
    if (after.kind === "length") {
      left = after.bytes;
      state = left > 0 ? "length" : "head";
    } else state = after.kind === "chunked" ? "chunk-size" : "until-close";
    return rest;
  };

  const takeBody = (chunk: Uint8Array, next: typeof state): Uint8Array => {
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    if (left === 0) state = next;
    events.body(piece);
    return chunk.subarray(piece.length);
  };

  /** Reads on in a line of chunked coding. Its bytes pass at once. */
  const takeLine = (chunk: Uint8Array): Uint8Array => {
    const end = chunk.indexOf(10);
    const piece = end < 0 ? chunk : chunk.subarray(0, end + 1);
    line += textOf(piece);
    if (line.length > lineBytesMax) return goRaw(chunk);
    events.body(piece);
    if (end >= 0) {
      if (!endLine(line.trim())) return goRaw(chunk.subarray(piece.length));
      line = "";
    }
    return chunk.subarray(piece.length);
  };
  const endLine = (text: string): boolean => {
    if (state === "trailer") {
      if (text === "") state = "head";
      return true;
    }
    const size = /^[0-9a-f]{1,12}/i.exec(text)?.[0];
    if (size === undefined) return false;
    // The line end after the data counts as data.
    left = Number.parseInt(size, 16) + 2;
    state = left === 2 ? "trailer" : "chunk";
    return true;
  };

  function take(): Uint8Array {
    const bytes = new Uint8Array(kept);
    kept = Buffer.alloc(0);
    return bytes;
  }

  const step = (chunk: Uint8Array): Uint8Array => {
    switch (state) {
      case "head":
        return takeHead(chunk);
      case "length":
        return takeBody(chunk, "head");
      case "chunk":
        return takeBody(chunk, "chunk-size");
      case "chunk-size":
      case "trailer":
        return takeLine(chunk);
      case "until-close":
        events.body(chunk);
        return empty;
      case "raw":
      case "stopped":
        return goRaw(chunk);
    }
    return empty;
  };
  return {
    push: (chunk) => {
      let rest = chunk;
      while (rest.length > 0 && state !== "stopped") rest = step(rest);
      return rest;
    },
    take,
  };
}

function parseHead(text: string): Head {
  const lines = text.slice(0, -2).match(/[^\n]*\n/g) ?? [];
  return {
    lines,
    startLine: (lines[0] ?? "").trim(),
    value: (name) => {
      for (const line of lines.slice(1)) {
        const colon = line.indexOf(":");
        if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1).trim();
      }
      return undefined;
    },
  };
}

/** The body that a head announces. Undefined: the announcement makes no sense. */
export function announcedBody(head: Head): BodyKind | undefined {
  if (/(^|,)\s*chunked\s*$/i.test(head.value("transfer-encoding") ?? "")) return { kind: "chunked" };
  const length = head.value("content-length");
  if (length === undefined) return noBody;
  return /^\d{1,15}$/.test(length) ? { kind: "length", bytes: Number(length) } : undefined;
}
