/** A session and its workers in one realm, on the fake simulation, with a clock that tests move. */
import type { Scenario } from "@skerry/simulator/lab";
import { openFakeSimulation, runFakeScenario } from "./fake-simulation.test-support.ts";
import { createHost } from "./host.ts";
import type { Host } from "./host.ts";
import type { LabReport } from "./messages.ts";
import { openLabSession } from "./session.ts";
import type { LabSession } from "./session.ts";

export interface LabPair {
  readonly session: LabSession;
  /** Workers begun so far. */
  workers(): number;
  /** All that was asked is done, and reported. */
  settled(): Promise<void>;
  /** Real milliseconds pass. */
  pass(ms: number): Promise<void>;
}

export function openLabPair(scenario: Scenario): LabPair {
  const hosts: Host[] = [];
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly run: () => void }[] = [];
  const session = openLabSession((onReport) => {
    let open = true;
    const host = createHost({
      openSimulation: openFakeSimulation,
      runScenario: runFakeScenario,
      endOfTurn: () => new Promise((resolve) => setTimeout(resolve, 0)),
      report: (report: LabReport) => {
        if (open) onReport(structuredClone(report));
      },
      nowMs: () => nowMs,
      later: (delayMs, run) => void timers.push({ atMs: nowMs + delayMs, run }),
    });
    hosts.push(host);
    return {
      send: (request) => host.handle(structuredClone(request)),
      close: () => {
        open = false;
      },
    };
  }, scenario);

  const settled = async (): Promise<void> => {
    // An answer may be followed by another question, which a promise asks.
    for (let round = 0; round < 5; round++) {
      // oxlint-disable-next-line no-await-in-loop -- Rounds follow each other.
      await Promise.all(hosts.map((host) => host.idle()));
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  return {
    session,
    workers: () => hosts.length,
    settled,
    pass: async (ms) => {
      const endMs = nowMs + ms;
      while (nowMs < endMs) {
        nowMs = Math.min(endMs, nowMs + 10);
        const due = timers.filter(({ atMs }) => atMs <= nowMs);
        timers = timers.filter(({ atMs }) => atMs > nowMs);
        for (const { run } of due) run();
        // oxlint-disable-next-line no-await-in-loop -- Time passes in steps.
        await settled();
      }
    },
  };
}
