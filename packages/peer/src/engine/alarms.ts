/** The alarms of one document: shown, kept, never fatal. Bounded, and the same thing seen again is not told again. */
import type { Alarm } from "../client.ts";

export const alarmsMax = 50;

export interface Alarms {
  /** False if the same (kind, seq, device) is known. Beyond `alarmsMax` the oldest goes. */
  raise(alarm: Alarm): boolean;
  list(): readonly Alarm[];
}

export function createAlarms(known: readonly Alarm[] = []): Alarms {
  let alarms: readonly Alarm[] = known.slice(-alarmsMax);
  return {
    raise: (alarm) => {
      if (alarms.some((other) => other.kind === alarm.kind && other.seq === alarm.seq && other.device === alarm.device)) return false;
      alarms = [...alarms, alarm].slice(-alarmsMax);
      return true;
    },
    list: () => alarms,
  };
}
