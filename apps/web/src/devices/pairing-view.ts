/** Which screen of pairing is shown, as a pure function of what the peer says and what was chosen here. */
import type { PairingRole, PairingStatus } from "../client.ts";

/** What was chosen: show a code of our own, or take the other's by typing or with the camera. */
export type PairingEntry = "show" | "type" | "scan";

export const firstEntry: Readonly<Record<PairingRole, PairingEntry>> = { old: "show", new: "type" };

/** One step back; undefined: out of pairing. */
export function entryBefore(entry: PairingEntry, role: PairingRole): PairingEntry | undefined {
  if (entry === "scan") return "type";
  return entry === firstEntry[role] ? undefined : firstEntry[role];
}

type At<Name extends PairingStatus["at"]> = Extract<PairingStatus, { readonly at: Name }>;

export type PairingView =
  | { readonly kind: "opening" }
  /** Nothing is shown yet, and nothing was asked of the person. */
  | { readonly kind: "making"; readonly status: At<"idle"> }
  | { readonly kind: "showing"; readonly code: string; readonly isShort: boolean; readonly status: At<"waiting"> }
  | { readonly kind: "typing" | "scanning"; readonly status: At<"idle"> | At<"waiting"> }
  | { readonly kind: "connecting"; readonly status: At<"waiting"> }
  | { readonly kind: "failed"; readonly failure: string; readonly status: At<"idle"> }
  | { readonly kind: "comparing"; readonly status: At<"comparing"> }
  | { readonly kind: "finishing"; readonly status: At<"finishing"> }
  | { readonly kind: "done"; readonly deviceName: string }
  | { readonly kind: "ended"; readonly reason: At<"ended">["reason"]; readonly failure: string | undefined };

const shortCharacters = 29;

/** The short form is for typing: it binds nothing. */
export const isShortCode = (code: string): boolean => code.replaceAll("-", "").length <= shortCharacters;

export interface PairingChoices {
  readonly entry: PairingEntry;
  /** The person has read how the last try ended, and goes on. */
  readonly dismissed: boolean;
}

export function pairingView(status: Exclude<PairingStatus, { readonly at: "off" }>, { entry, dismissed }: PairingChoices): PairingView {
  if (status.at === "comparing") return { kind: "comparing", status };
  if (status.at === "finishing") return { kind: "finishing", status };
  if (status.at === "done") return { kind: "done", deviceName: status.deviceName };
  if (status.at === "ended") return { kind: "ended", reason: status.reason, failure: status.failure };
  if (status.at === "idle" && status.failure !== undefined && !dismissed) return { kind: "failed", failure: status.failure, status };
  if (status.at === "waiting" && status.code === undefined) return { kind: "connecting", status };
  if (entry !== "show") return { kind: entry === "type" ? "typing" : "scanning", status };
  if (status.at === "idle") return { kind: "making", status };
  const { code = "" } = status;
  return { kind: "showing", code, isShort: isShortCode(code), status };
}
