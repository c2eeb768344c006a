/** Outcomes and sessions for tests of the command line. */
import type { Scenario } from "../scenario/scenario.ts";
import type { Arguments } from "./arguments.ts";
import { parseArguments } from "./arguments.ts";
import type { Job, JobResult, Outcome } from "./job.ts";
import type { Session } from "./session.ts";

export const smallScenario: Scenario = {
  v: 1,
  seed: 1,
  devices: { ana: {}, ben: {} },
  steps: [
    { at: "1s", do: "type", who: "ana", text: "a1 " },
    { at: "2s", do: "crash", who: "relay" },
    { at: "3s", do: "type", who: "ben", text: "b1 " },
  ],
};

export const outcomeOf = (more: Partial<Outcome> = {}): Outcome => ({
  ok: true,
  violations: [],
  traceHash: "00000000000000aa",
  events: 100,
  simulatedMs: 3_600_000,
  edits: 10,
  devices: 2,
  sometimes: {},
  ...more,
});
export const passed = (more: Partial<Outcome> = {}): JobResult => ({ kind: "outcome", outcome: outcomeOf(more) });
export const broken = (invariant: string, more: Partial<Outcome> = {}): JobResult =>
  passed({ ok: false, violations: [{ invariant, message: `${invariant} is broken`, atMs: 2500 }], scenario: smallScenario, ...more });

export interface TestSession {
  readonly session: Session;
  readonly said: () => string;
  readonly files: Map<string, string>;
  readonly jobs: Job[];
}

export function sessionOf(line: string, answer: (job: Job) => JobResult): TestSession {
  const parsed = parseArguments(line.split(" "), { jobs: 2 });
  if (!parsed.ok) throw new Error(parsed.error);
  const args: Arguments = parsed.value;
  let [text, nowMs] = ["", 0];
  const files = new Map<string, string>();
  const jobs: Job[] = [];
  return {
    jobs,
    files,
    said: () => text,
    session: {
      args,
      pool: {
        run: (job) => {
          jobs.push(job);
          return Promise.resolve(answer(job));
        },
      },
      say: (more) => {
        text += more;
      },
      interrupted: () => false,
      terminal: false,
      nowMs: () => (nowMs += 100),
      write: (file, content) => void files.set(file, content),
      here: (file) => file,
      shown: (file) => file,
      outFolder: "out",
    },
  };
}
