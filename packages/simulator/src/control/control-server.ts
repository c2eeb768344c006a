/**
 * The chaos proxy's control API over HTTP, and its page. It serves this machine only: it listens on loopback, and it refuses a foreign `Host`
 * (a name made to point here) and a foreign `Origin` (another site's page), so that no web page can reach it from a tester's browser.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChaosProxy } from "../proxy/chaos-proxy.ts";
import { frameRuleLimits } from "../proxy/frame-rules.ts";
import { parseJson } from "./checks.ts";
import type { Check } from "./checks.ts";
import { createEventStream } from "./event-stream.ts";
import type { EventStream } from "./event-stream.ts";
import { dropFromJson, faultFromJson, halfOpenFromJson, healFromJson, oneShotFromJson, toJson } from "./fault-json.ts";
import { refusalOf } from "./gate.ts";
import { apiError } from "./api-error.ts";
import type { ApiError } from "./api-error.ts";

export interface ControlServerOptions {
  readonly proxy: ChaosProxy;
  /** Default 0: any. */
  readonly port?: number;
  /** Where the proxy passes things on to, for people to read. */
  readonly upstream: string;
}

export interface ControlServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Idempotent. */
  close(): Promise<void>;
}

export const bodyBytesMax: number = 64 * 1024;

const page = (file: string, type: string): { readonly body: Buffer; readonly type: string } => ({
  body: readFileSync(new URL(`./page/${file}`, import.meta.url)),
  type: `${type}; charset=utf-8`,
});

type Answer =
  | { readonly json: unknown }
  | { readonly body: Buffer; readonly type: string }
  | { readonly error: ApiError }
  | { readonly stream: EventStream };

type Handler = (request: IncomingMessage) => Answer | Promise<Answer>;

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { proxy } = options;
  const stream = createEventStream(proxy);

  const state = (): unknown => ({
    proxy: proxy.url,
    upstream: options.upstream,
    seed: proxy.seed.toString(),
    fault: proxy.fault(),
    oneShots: proxy.oneShots(),
    connections: proxy.connections(),
    stats: proxy.stats,
    events: proxy.recentEvents(),
  });

  /** A route that takes a body. An empty one is `{}`. */
  const withBody =
    <T>(check: Check<T>, run: (body: T) => Answer | Promise<Answer>): Handler =>
    async (request) => {
      const text = await readBody(request);
      if (typeof text !== "string") return text;
      const body = parseJson(text === "" ? "{}" : text, check);
      return body.ok ? run(body.value) : { error: apiError(400, body.error.code, body.error.message, body.error.field) };
    };

  const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
    "/": { GET: () => page("index.html", "text/html") },
    "/page.css": { GET: () => page("page.css", "text/css") },
    "/page.js": { GET: () => page("page.js", "text/javascript") },
    "/state": { GET: () => ({ json: state() }) },
    "/events": { GET: () => ({ stream }) },
    "/fault": {
      PUT: withBody(faultFromJson, async (fault) => {
        await proxy.set(fault);
        return { json: { fault: proxy.fault() } };
      }),
    },
    "/heal": {
      POST: withBody(healFromJson, async ({ how }) => {
        await proxy.heal(how);
        return { json: { fault: proxy.fault() } };
      }),
    },
    "/connections/drop": {
      POST: withBody(dropFromJson, ({ how, connection }) => ({ json: { count: proxy.dropConnections(how, connection) } })),
    },
    "/half-open": { POST: withBody(halfOpenFromJson, ({ connection }) => ({ json: { count: proxy.halfOpen(connection) } })) },
    "/frames": {
      POST: withBody(oneShotFromJson, (oneShot) =>
        proxy.oneShots().length < frameRuleLimits.oneShotsMax
          ? { json: proxy.once(oneShot) }
          : { error: apiError(409, "too-many", "100 one-shot faults wait for a message already. POST /heal forgets them.") },
      ),
    },
  };

  const answer = async (request: IncomingMessage, port: number): Promise<Answer> => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const refusal = refusalOf(request, port, path);
    if (refusal !== undefined) return { error: refusal };
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined)
      return { error: apiError(404, "not-found", `There is nothing here. Paths: ${Object.keys(routes).join(", ")}.`) };
    const handler = route[request.method ?? ""];
    const allowed = Object.keys(route).join(", ");
    return handler === undefined
      ? { error: apiError(405, "method-not-allowed", `${path} takes ${allowed}.`, undefined, { allow: allowed }) }
      : handler(request);
  };

  const server = createServer((request, response) => {
    const port = (server.address() as AddressInfo | null)?.port ?? 0;
    answer(request, port)
      .catch((cause: unknown): Answer => ({ error: apiError(500, "failed", whatFailed(cause)) }))
      .then((given) => send(request, response, given))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: options.port ?? 0 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      (closing ??= new Promise<void>((resolve) => {
        stream.close();
        server.close(() => resolve());
        server.closeAllConnections();
      })),
  };
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if ("stream" in answer) {
    const refusal = answer.stream.open(request, response, headers);
    if (refusal !== undefined) send(request, response, { error: refusal });
  } else if ("error" in answer) {
    const { status, code, message, field, extraHeaders } = answer.error;
    // What was not read of the body is not worth reading.
    if (!request.complete) response.shouldKeepAlive = false;
    response
      .writeHead(status, { ...headers, ...extraHeaders, "content-type": "application/json" })
      .end(toJson({ error: { code, message, ...(field === undefined ? {} : { field }) } }));
  } else if ("body" in answer) response.writeHead(200, { ...headers, "content-type": answer.type }).end(answer.body);
  else response.writeHead(200, { ...headers, "content-type": "application/json" }).end(toJson(answer.json));
}

async function readBody(request: IncomingMessage): Promise<string | { readonly error: ApiError }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return { error: apiError(413, "body-too-large", `A body has at most ${bodyBytesMax} bytes.`) };
    chunks.push(chunk);
  }
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (bytes > 0 && type !== "application/json")
    return { error: apiError(415, "wrong-type", "Send the body as JSON, with the header content-type: application/json.") };
  return Buffer.concat(chunks).toString();
}

const whatFailed = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE"
    ? "The proxy's port was taken by another program while the proxy refused connections. Free it and try again."
    : "The proxy could not do that. Its terminal may say more.";
