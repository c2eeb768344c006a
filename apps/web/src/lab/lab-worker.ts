/** The Lab's worker: one simulation, driven by the page. */
import { openSimulation, runScenario } from "@skerry/simulator/lab";
import { createHost } from "./host.ts";
import { readRequest } from "./messages.ts";
import type { LabReport } from "./messages.ts";

/** A message to oneself: the quickest way to the next turn of the loop that workers have. */
function turns(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.addEventListener("message", () => waiting.shift()?.());
  port1.start();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(0);
    });
}

const worker = globalThis as unknown as {
  postMessage(report: LabReport): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
};
const host = createHost({
  openSimulation,
  runScenario,
  endOfTurn: turns(),
  report: (report) => worker.postMessage(report),
  nowMs: () => performance.now(),
  later: (delayMs, run) => void setTimeout(run, delayMs),
});
worker.addEventListener("message", ({ data }) => {
  const request = readRequest(data);
  if (request === undefined) worker.postMessage({ kind: "failed", why: "a message from the page that is none" });
  else host.handle(request);
});
