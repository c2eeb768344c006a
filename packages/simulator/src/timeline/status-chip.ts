/** What the app's chip says to the person at the device, in the app's words and its order of precedence. */
import type { DeviceAt } from "./state-at.ts";
import { plural } from "./words.ts";

export type ChipTone = "calm" | "busy" | "good" | "warning" | "danger";

export interface Chip {
  readonly tone: ChipTone;
  readonly text: string;
}

const chip = (tone: ChipTone, text: string): Chip => ({ tone, text });

export function chipOf(device: DeviceAt): Chip {
  if (device.life === "not yet") return chip("calm", "Not here yet");
  if (device.life === "down") return chip("calm", "Not running");
  const { status } = device;
  if (status === undefined) return chip("calm", "Opening…");
  const kept = `${plural(status.unsent, "change")} kept on this device`;
  if (status.storage !== "ok" && status.saved === 0)
    return chip("danger", status.storage === "full" ? "Not saved! Storage is full" : "Not saved! Storage is failing");
  if (status.storage !== "ok") return chip("warning", "Storage trouble on this device");
  if (status.phase === "failed") return chip("danger", "Can't be opened");
  if (status.phase === "loading") return chip("calm", "Opening…");
  if (status.phase === "missing") return chip("warning", "Not on the server yet");
  if (status.phase === "fetching")
    return status.connection === "online" ? chip("busy", "Fetching…") : chip("warning", "Waiting for the server");
  if (status.saved === 0) return chip("busy", "Saving…");
  if (status.connection === "refused") return chip("warning", "Server refuses this device");
  if (device.alarms.length > 0) {
    const things = `${plural(new Set(device.alarms).size, "thing")} to review`;
    return chip("warning", status.unsent > 0 ? `${things} · ${plural(status.unsent, "change")} not sent` : things);
  }
  const isOnServer = status.saved >= 2 && status.unsent === 0;
  if (status.connection === "offline")
    return chip("warning", status.unsent > 0 ? `Offline · ${kept}` : isOnServer ? "Can't reach server" : "Offline · saved on this device");
  if (status.connection === "connecting") return chip("busy", isOnServer ? "Connecting…" : "Saved on this device · connecting");
  if (!isOnServer) return chip("busy", `Saved on this device · ${status.unsent > 0 ? "sending" : "checking"}`);
  return status.behind > 0 ? chip("busy", "Getting changes…") : chip("good", "Synced");
}
