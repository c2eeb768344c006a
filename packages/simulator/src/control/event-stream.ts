/** `GET /events`: what happens, as server-sent events. A listener that was away gets what it missed, as far as it is kept. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ChaosProxy } from "../proxy/chaos-proxy.ts";
import type { ChaosEvent } from "../proxy/events.ts";
import { apiError } from "./api-error.ts";
import type { ApiError } from "./api-error.ts";
import { toJson } from "./fault-json.ts";

export interface EventStream {
  /** Undefined if the response is now the listener's. */
  open(request: IncomingMessage, response: ServerResponse, headers: Readonly<Record<string, string>>): ApiError | undefined;
  close(): void;
}

const listenersMax = 32;
/** A listener that leaves more than this unread is let go; it comes back by itself and asks for what it missed. */
const unreadBytesMax = 1024 * 1024;
const heartbeatMs = 15_000;

const lines = (event: ChaosEvent): string => `id: ${event.seq}\ndata: ${toJson(event)}\n\n`;

export function createEventStream(proxy: ChaosProxy): EventStream {
  const listeners = new Set<ServerResponse>();
  const write = (response: ServerResponse, text: string): void => {
    if (response.writableLength > unreadBytesMax) response.destroy();
    else response.write(text);
  };
  const stopWatching = proxy.watch((event) => {
    for (const response of listeners) write(response, lines(event));
  });
  const heartbeat = setInterval(() => {
    for (const response of listeners) write(response, ": still here\n\n");
  }, heartbeatMs);
  heartbeat.unref();
  return {
    open: (request, response, headers) => {
      if (listeners.size >= listenersMax)
        return apiError(503, "too-many", `${listenersMax} listeners are here already. Close one of them.`);
      response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
      const last = Number(request.headers["last-event-id"] ?? Number.NaN);
      const missed = proxy.recentEvents().filter(({ seq }) => seq > last);
      response.write(`retry: 1000\n\n${missed.map(lines).join("")}`);
      listeners.add(response);
      response.on("error", () => undefined);
      response.on("close", () => listeners.delete(response));
      return undefined;
    },
    close: () => {
      stopWatching();
      clearInterval(heartbeat);
      for (const response of listeners) response.end();
    },
  };
}
