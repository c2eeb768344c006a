/** What a device's status says to the person at it, in the words of the app. */
import type { TraceEvent } from "../trace/trace-event.ts";

type Status = Extract<TraceEvent, { readonly kind: "status" }>;

export function shownStatus(status: Status): string {
  if (status.phase === "failed") return "“This document can't be opened”";
  if (status.storage !== "ok" && status.saved === "unsaved") return "“Not saved!”";
  if (status.phase === "missing") return "“The server does not have this document”";
  if (status.phase === "loading" || status.phase === "fetching") return "“Loading…”";
  const online = status.connection.startsWith("online");
  if ((status.saved === "relay" || status.saved === "others") && status.unsent === 0)
    return online ? "“Synced”" : "“Offline · everything is on the server”";
  if (status.saved === "unsaved") return "“Saving…”";
  return online ? "“Saved on this device · sending”" : "“Offline · saved on this device”";
}
