/** What happened in a run, for timelines, stories and the Lab. `t` is virtual milliseconds since the start. Kept only if a run is recorded. */
import type { Step } from "../scenario/scenario.ts";

interface T {
  readonly t: number;
}

export type TraceEvent =
  /** A process begins or ends, stops or goes on. */
  | (T & { readonly kind: "life"; readonly who: string; readonly state: "up" | "down" | "frozen" | "thawed"; readonly life: number })
  /** A frame leaves. `what` names the messages in it. `dir` is "up" from device to relay. */
  | (T & {
      readonly kind: "send";
      readonly frame: number;
      readonly who: string;
      readonly relay: string;
      readonly dir: "up" | "down";
      readonly bytes: number;
      readonly what: readonly string[];
    })
  | (T & { readonly kind: "arrive"; readonly frame: number })
  | (T & { readonly kind: "lost"; readonly frame: number; readonly why: string })
  | (T & { readonly kind: "connection"; readonly who: string; readonly state: "connecting" | "open" | "closed"; readonly code?: number })
  /** A step of the scenario was carried out, or could not be (`refused` says why: its actor is not there, …). */
  | (T & { readonly kind: "step"; readonly index: number; readonly step: Step; readonly refused?: string })
  /** Something is wrong with `who` ("relay", a device, a device's link) from here on, or no longer. */
  | (T & { readonly kind: "fault"; readonly who: string; readonly what: string; readonly on: boolean })
  /** A replica changed. `hash` is the state hash (equal: converged), also while editing. `text` is the whole text. */
  | (T & {
      readonly kind: "replica";
      readonly who: string;
      readonly hash: string;
      readonly text: string;
      readonly missing: number;
    })
  /** What the device's status says: what a person is shown. */
  | (T & {
      readonly kind: "status";
      readonly who: string;
      readonly phase: string;
      readonly saved: string;
      readonly unsent: number;
      readonly seq: number;
      readonly relaySeq: number;
      readonly storage: string;
      readonly connection: string;
    })
  | (T & { readonly kind: "alarm"; readonly who: string; readonly alarm: string; readonly seq: number; readonly by: string })
  /** The relay's durable log grew, or shrank. */
  | (T & { readonly kind: "log"; readonly relay: string; readonly seq: number })
  | (T & { readonly kind: "note"; readonly who: string; readonly level: string; readonly event: string })
  | (T & { readonly kind: "phase"; readonly phase: "faults" | "healing" | "settled" | "end" })
  | (T & { readonly kind: "violation"; readonly invariant: string; readonly message: string });
