/** The real world, for composition roots in the browser: clock, randomness, network. */
import { pooledRandom } from "@skerry/crypto";
import { closeCodes, limits, schedulerOf } from "@skerry/protocol";
import type { Clock, Random } from "@skerry/protocol";
import type { Link, LinkEvents, Transport } from "../ports.ts";

export const browserClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule: schedulerOf(
    () => performance.now(),
    (run, delayMs) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  ),
};

/** Call after `ready` of @skerry/crypto. */
export const browserRandom = (): Random => pooledRandom((block) => void crypto.getRandomValues(block as Uint8Array<ArrayBuffer>));

/** A closing handshake on a dead link may take a minute. */
const closeMs = 1000;
const abnormal = 1006;

export function createBrowserTransport(clock: Clock): Transport {
  return { connect: (url, events) => connect(clock, url, events) };
}

function connect(clock: Clock, url: string, events: LinkEvents): Link {
  let ended = false;
  let cancelCut: (() => void) | undefined;

  function end(code: number, reason: string): void {
    if (ended) return;
    ended = true;
    cancelCut?.();
    queueMicrotask(() => events.onClose(code, reason));
  }

  let socket: WebSocket;
  try {
    socket = new WebSocket(url);
  } catch {
    // Not an address at all, or one that the page's policy forbids.
    end(abnormal, "");
    return { send: () => undefined, bufferedBytes: () => 0, close: () => undefined };
  }
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => {
    if (!ended) events.onOpen();
  });
  socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (ended) return;
    if (!(data instanceof ArrayBuffer) || data.byteLength > limits.frameBytesMax) return close(closeCodes["protocol-error"], "not a frame");
    events.onFrame(new Uint8Array(data));
  });
  socket.addEventListener("close", ({ code, reason }) => end(code, reason));

  function close(code: number, reason: string): void {
    if (ended || cancelCut !== undefined) return;
    cancelCut = clock.schedule(closeMs, () => end(abnormal, ""));
    if (code === 1000 || (code >= 3000 && code <= 4999)) socket.close(code, reason);
    else socket.close();
  }

  return {
    send: (frame) => {
      if (!ended && socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(frame));
    },
    bufferedBytes: () => (ended ? 0 : socket.bufferedAmount),
    close,
  };
}
