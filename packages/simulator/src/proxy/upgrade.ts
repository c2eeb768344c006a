/**
 * Follows both directions of a TCP connection until it becomes a WebSocket (RFC 6455 §4), if it does. Plain HTTP passes untouched, and so does
 * anything that is no HTTP; of a WebSocket upgrade, `Sec-WebSocket-Extensions` can be left out, so that frames are never compressed.
 */
import type { Direction } from "./capture.ts";
import { announcedBody, createHttpCutter, headBytesMax, noBody } from "./http-cutter.ts";
import type { AfterHead, Head, HttpCutter } from "./http-cutter.ts";
import { joined } from "./frames.ts";

export interface UpgradeEvents {
  /** HTTP, or what nobody understands: to be passed on as it is. */
  bytes(direction: Direction, bytes: Uint8Array): void;
  /** After the upgrade. */
  frames(direction: Direction, bytes: Uint8Array): void;
  upgraded(): void;
}

export interface Upgrade {
  push(direction: Direction, chunk: Uint8Array): void;
  /** Hands out what was kept back of an incomplete head. */
  end(direction: Direction): void;
}

interface Request {
  readonly method: string;
  readonly upgrade: boolean;
}

/** Requests that may wait for their answers before this one is followed no longer. */
const pipelinedMax = 1000;

const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];
const mayBeRequest = (beginning: string): boolean =>
  methods.some((method) => `${method} `.startsWith(beginning) || beginning.startsWith(`${method} `));
const mayBeAnswer = (beginning: string): boolean => "HTTP/1.".startsWith(beginning) || beginning.startsWith("HTTP/1.");

const isUpgrade = (head: Head): boolean =>
  head.startLine.startsWith("GET ") &&
  /(^|,)\s*websocket\s*($|,)/i.test(head.value("upgrade") ?? "") &&
  /(^|,)\s*upgrade\s*($|,)/i.test(head.value("connection") ?? "");

const withoutExtensions = (head: Head): Uint8Array =>
  Buffer.from(`${head.lines.filter((line) => !/^sec-websocket-extensions\s*:/i.test(line)).join("")}\r\n`, "latin1");

export function createUpgrade(stripExtensions: boolean, events: UpgradeEvents): Upgrade {
  const requests: Request[] = [];
  let state: "http" | "frames" | "raw" = "http";
  /** What the client sent after its upgrade request and before the answer. */
  let early: Uint8Array | undefined;

  const pass = (direction: Direction, bytes: Uint8Array): void => {
    if (bytes.length > 0) events.bytes(direction, bytes);
  };

  /** Bytes are bytes from here on, both ways. */
  const goRaw = (): void => {
    if (state === "raw") return;
    state = "raw";
    pass("up", joined([up.take(), early ?? new Uint8Array(0)]));
    early = undefined;
    pass("down", down.take());
  };

  const onRequest = (head: Head, raw: Uint8Array): AfterHead => {
    const method = head.startLine.split(" ")[0] ?? "";
    const upgrade = isUpgrade(head);
    const body = announcedBody(head);
    pass("up", upgrade && stripExtensions ? withoutExtensions(head) : raw);
    if (body === undefined || method === "CONNECT" || requests.length >= pipelinedMax) {
      goRaw();
      return "raw";
    }
    requests.push({ method, upgrade });
    if (!upgrade) return body;
    early = new Uint8Array(0);
    return "stop";
  };

  const onAnswer = (head: Head, raw: Uint8Array): AfterHead => {
    const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head.startLine)?.[1] ?? 0);
    const request = requests[0];
    pass("down", raw);
    if (status === 0 || request === undefined || (status === 101 && !request.upgrade)) {
      goRaw();
      return "raw";
    }
    if (status === 101) {
      state = "frames";
      events.upgraded();
      return "stop";
    }
    if (status < 200) return noBody;
    requests.shift();
    if (request.upgrade) {
      // Refused: the client may go on with HTTP.
      const waiting = early ?? new Uint8Array(0);
      early = undefined;
      up = createUp();
      push("up", waiting);
    }
    if (request.method === "HEAD" || status === 204 || status === 304) return noBody;
    if (head.value("content-length") === undefined && head.value("transfer-encoding") === undefined) return { kind: "until-close" };
    const body = announcedBody(head);
    if (body !== undefined) return body;
    goRaw();
    return "raw";
  };

  const cutter = (
    direction: Direction,
    mayBe: (beginning: string) => boolean,
    head: (head: Head, raw: Uint8Array) => AfterHead,
  ): HttpCutter =>
    createHttpCutter(mayBe, {
      head,
      body: (bytes) => events.bytes(direction, bytes),
      raw: (bytes) => {
        // First what came first: the other direction's bytes are its own.
        pass(direction, bytes);
        goRaw();
      },
    });
  const createUp = (): HttpCutter => cutter("up", mayBeRequest, onRequest);
  let up = createUp();
  const down = cutter("down", mayBeAnswer, onAnswer);

  function push(direction: Direction, chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (state === "raw") events.bytes(direction, chunk);
    else if (state === "frames") events.frames(direction, chunk);
    else if (direction === "up") pushUp(chunk);
    else pushDown(chunk);
  }
  const pushUp = (chunk: Uint8Array): void => {
    const rest = early === undefined ? up.push(chunk) : chunk;
    if (early === undefined || rest.length === 0) return;
    early = joined([early, rest]);
    if (early.length > headBytesMax) goRaw();
  };
  const pushDown = (chunk: Uint8Array): void => {
    const rest = down.push(chunk);
    // What the answer to the upgrade ended, whichever state it led to.
    if (state !== "frames") return;
    const waiting = early ?? new Uint8Array(0);
    early = undefined;
    if (waiting.length > 0) events.frames("up", waiting);
    if (rest.length > 0) events.frames("down", rest);
  };

  return {
    push,
    end: (direction) => {
      if (state !== "http") return;
      pass(direction, direction === "up" ? joined([up.take(), early ?? new Uint8Array(0)]) : down.take());
      if (direction === "up" && early !== undefined) early = new Uint8Array(0);
    },
  };
}
