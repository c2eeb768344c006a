/** HTTP of the relay: the web app with strict headers, and the two questions of an operator's monitor. */
import { Hono } from "hono";
import type { Context } from "hono";
import { errorFields } from "./log.ts";
import type { Log } from "./log.ts";
import type { RelayHealth } from "./relay.ts";
import type { WebFile, WebFiles } from "./web-files.ts";

export interface HttpEnv {
  readonly files: WebFiles;
  readonly health: () => Promise<RelayHealth>;
  readonly log: Log;
}

/** Paths that the web app itself routes. Whatever follows `#` never reaches us. */
const appPath = /^\/(?:|s|lab|d\/[A-Za-z0-9_-]{1,64})$/;
const hostPattern = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/**
 * `wasm-unsafe-eval` compiles libsodium's WebAssembly and nothing else. Not every browser takes `'self'` for WebSockets of the same
 * origin, so the host is named.
 */
export function contentSecurityPolicy(host: string | undefined): string {
  const sockets = host !== undefined && hostPattern.test(host) ? ` ws://${host} wss://${host}` : "";
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    `connect-src 'self'${sockets}`,
    "worker-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

const securityHeaders: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Origin-Agent-Cluster": "?1",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
};

function sendFile(context: Context, file: WebFile): Response {
  context.header("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  context.header("ETag", file.etag);
  if (context.req.header("if-none-match") === file.etag) return context.body(null, 304);
  context.header("Content-Type", file.type);
  return context.body(file.bytes);
}

export function createHttp(env: HttpEnv): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    context.header("Content-Security-Policy", contentSecurityPolicy(context.req.header("host")));
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value);
    await next();
  });
  app.get("/healthz", (context) => {
    context.header("Cache-Control", "no-store");
    return context.text("ok\n");
  });
  app.get("/readyz", async (context) => {
    context.header("Cache-Control", "no-store");
    const { ready, reason } = await env.health();
    return context.text(`${reason}\n`, ready ? 200 : 503);
  });
  app.get("*", (context) => {
    const { path } = context.req;
    const file = env.files.get(appPath.test(path) ? "/index.html" : path);
    if (file !== undefined) return sendFile(context, file);
    if (path === "/" && env.files.size === 0) return context.text("This relay is running. It was not given a web app to serve.\n", 200);
    return context.text("Not found.\n", 404);
  });
  app.notFound((context) => context.text("Not found.\n", 404));
  app.onError((error, context) => {
    env.log("error", "request-failed", errorFields(error));
    return context.text("Something went wrong here.\n", 500);
  });
  return app;
}
