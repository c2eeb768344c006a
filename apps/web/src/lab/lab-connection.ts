/** A worker with one simulation, as the page talks to it. */
import type { LabReport, LabRequest } from "./messages.ts";
import { readReport } from "./messages.ts";
// oxlint-disable-next-line import/default -- Vite makes this module: the address of the bundled worker.
import workerUrl from "./lab-worker.ts?worker&url";

export interface LabConnection {
  send(request: LabRequest): void;
  /** Ends the worker, whatever it does. Idempotent. */
  close(): void;
}

export type ConnectLab = (onReport: (report: LabReport) => void) => LabConnection;

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): string };
}

let script: string | undefined;

/** The Content-Security-Policy asks for Trusted Types; the one address that this policy ever names is our worker's. */
function trustedWorkerUrl(): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
  return trustedTypes?.createPolicy("skerry-lab-worker", { createScriptURL: () => workerUrl }).createScriptURL(workerUrl) ?? workerUrl;
}

export const connectLab: ConnectLab = (onReport) => {
  script ??= trustedWorkerUrl();
  const worker = new Worker(script, { type: "module", name: "skerry-lab" });
  let open = true;
  worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (!open) return;
    const report = readReport(data);
    onReport(report ?? { kind: "failed", why: "a message from the worker that is none" });
  });
  worker.addEventListener("error", (event) => {
    if (open) onReport({ kind: "failed", why: event.message });
  });
  return {
    send: (request) => worker.postMessage(request),
    close: () => {
      open = false;
      worker.terminate();
    },
  };
};
