/** How a device is called and when it was last there, in words. */
import type { DeviceSummary } from "../client.ts";
import { strings } from "../strings.ts";
import { roughTime } from "../ui/times.ts";

const t = strings.devices;
const latelyMs = 2 * 60 * 60_000;

export const deviceLabel = ({ name }: Pick<DeviceSummary, "name">): string => (name.trim() === "" ? t.unnamed : name);

/** Devices tell it to the hour or so, by clocks of their own: nothing finer is claimed. */
export function seenWords(seenAtMs: number | undefined, nowMs: number): string {
  if (seenAtMs === undefined) return t.neverSeen;
  return nowMs - seenAtMs < latelyMs ? t.seenLately : t.seen(roughTime(seenAtMs, nowMs));
}
