/** Says whether the replicas agree, so that nobody has to compare colours. */
import type { DeviceAt } from "./state-at.ts";
import { isPresent } from "./state-at.ts";
import { listText } from "./words.ts";

export interface AgreementWords {
  readonly agrees: boolean;
  readonly text: string;
}

export function agreementWords(devices: readonly DeviceAt[], nameOf: (lane: number) => string): AgreementWords {
  const present = devices.filter(isPresent);
  const absent = devices.filter((device) => device.life === "down");
  const away =
    absent.length === 0
      ? ""
      : ` ${listText(absent.map((device) => nameOf(device.lane)))} ${absent.length === 1 ? "is" : "are"} not running.`;
  if (present.length === 0) return { agrees: false, text: `No replica holds the document at this moment.${away}` };
  if (present.length === 1)
    return { agrees: true, text: `Only ${nameOf(present[0]?.lane ?? -1)} holds the document at this moment.${away}` };
  const byState = groupBy(present, (device) => device.state);
  if (byState.length === 1) {
    const all = present.length === 2 ? "Both replicas" : `All ${present.length} replicas`;
    return { agrees: true, text: `${all} hold the same text and the same state.${away}` };
  }
  const sameText = present.every((device) => device.text >= 0 && device.text === present[0]?.text);
  const parts = byState.map((group) => {
    const names = listText(group.map((device) => nameOf(device.lane)));
    return group.length === 1 ? `${names} is on its own` : `${names} agree`;
  });
  const what = sameText ? "The texts are equal, but formatting or other data differ" : `${byState.length} different states`;
  return { agrees: false, text: `${what}: ${parts.join("; ")}.${away}` };
}

/** Largest group first, then as given. */
function groupBy(devices: readonly DeviceAt[], keyOf: (device: DeviceAt) => number): DeviceAt[][] {
  const found = new Map<number, DeviceAt[]>();
  for (const device of devices) {
    const group = found.get(keyOf(device)) ?? [];
    found.set(keyOf(device), group);
    group.push(device);
  }
  return [...found.values()].sort((a, b) => b.length - a.length);
}
