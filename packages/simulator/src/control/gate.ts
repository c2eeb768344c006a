/** Who may use the control API: programs on this machine, and the page that it serves itself. */
import type { IncomingMessage } from "node:http";
import { apiError } from "./api-error.ts";
import type { ApiError } from "./api-error.ts";

const ownHosts = (port: number): readonly string[] => ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port}`);

/** Undefined if the request may pass. */
export function refusalOf(request: IncomingMessage, port: number, path: string): ApiError | undefined {
  const { host, origin, "sec-fetch-site": site, "sec-fetch-mode": mode } = request.headers;
  const hosts = ownHosts(port);
  if (host === undefined || !hosts.includes(host.toLowerCase()))
    return apiError(403, "bad-host", `This API is asked for as ${hosts[0]} or ${hosts[1]}, by no other name.`);
  // Whoever follows a link to the page may see it; what other sites' pages ask for behind it is refused.
  const followedLink = path === "/" && request.method === "GET" && mode === "navigate";
  const foreign = origin !== undefined ? origin !== `http://${host.toLowerCase()}` : site === "cross-site" || site === "same-site";
  if (foreign && !followedLink)
    return apiError(403, "cross-origin", "Pages of other origins may not use this API. Call it from a program.");
  return undefined;
}
