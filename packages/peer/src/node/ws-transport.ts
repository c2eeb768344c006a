import { closeCodes, limits } from "@skerry/protocol";
import { WebSocket } from "ws";
import type { Link, LinkEvents, Transport } from "../ports.ts";

/** A closing handshake on a dead link would take 30 s. */
const closeMs = 1000;
const abnormal = 1006;

/** Connections to a relay through `ws`. Text frames are a violation of the protocol and close the link. */
export function createWsTransport(): Transport {
  return { connect };
}

function connect(url: string, events: LinkEvents): Link {
  let ended = false;
  let cut: NodeJS.Timeout | undefined;

  function end(code: number, reason: string): void {
    if (ended) return;
    ended = true;
    clearTimeout(cut);
    queueMicrotask(() => events.onClose(code, reason));
  }

  let socket: WebSocket;
  try {
    socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: limits.frameBytesMax, handshakeTimeout: limits.handshakeMs });
  } catch {
    // Not an address at all.
    end(abnormal, "");
    return { send: () => undefined, bufferedBytes: () => 0, close: () => undefined };
  }
  socket.on("open", () => !ended && events.onOpen());
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (ended) return;
    if (isBinary) events.onFrame(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else close(closeCodes["protocol-error"], "text frame");
  });
  // `close` follows every `error`, and says all that a peer needs.
  socket.on("error", () => undefined);
  socket.on("close", (code, reason) => end(code, reason.toString("utf8")));

  function close(code: number, reason: string): void {
    if (ended || cut !== undefined) return;
    cut = setTimeout(() => {
      socket.terminate();
      end(abnormal, "");
    }, closeMs);
    socket.close(code, reason);
  }

  return {
    send: (frame) => {
      if (!ended && socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    bufferedBytes: () => (ended ? 0 : socket.bufferedAmount),
    close,
  };
}
