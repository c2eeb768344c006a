/** This device's peer, running in a worker that all tabs share. The relay is where the app came from. */
import { connectSkerry } from "@skerry/peer/browser";
import type { SkerryClient } from "../client.ts";
// oxlint-disable-next-line import/default -- Vite makes this module: the address of the bundled worker.
import workerUrl from "./peer-worker.ts?sharedworker&url";

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): string };
}

/** The one script address that this page ever names; the Content-Security-Policy asks for Trusted Types. */
function trustedWorkerUrl(): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy("skerry-worker", { createScriptURL: () => workerUrl });
  return policy === undefined ? workerUrl : policy.createScriptURL(workerUrl);
}

export function connect(): SkerryClient {
  const { protocol, host } = window.location;
  const script = trustedWorkerUrl();
  return connectSkerry({
    relayUrl: `${protocol === "https:" ? "wss" : "ws"}://${host}/sync`,
    worker: () => new SharedWorker(script, { type: "module", name: "skerry-peer" }),
    fallbackWorker: () => new Worker(script, { type: "module", name: "skerry-peer" }),
  });
}
