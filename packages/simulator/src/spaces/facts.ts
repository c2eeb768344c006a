/** What is so in the end, by the relay's disk, and how each device stands to it. */
import type { AccountState } from "@skerry/access";
import { toText } from "@skerry/protocol";
import type { Device, Person, Word } from "./person.ts";
import { accountIn, closedForDevice, firstInAt, isIn, mayWriteIn, timeAt } from "./truth.ts";
import type { Truth } from "./truth.ts";

/** What the relay's disk says: of the space, and of the home of each account that has one. */
export interface Facts {
  readonly space: Truth;
  /** By account id in text. */
  readonly homes: ReadonlyMap<string, Truth>;
  readonly firstDocument: string;
  /** The relay was put back to an old backup in this run. */
  readonly rolledBack: boolean;
  /** When something of a device came to the relay, by its name, ascending. */
  readonly arrivals: ReadonlyMap<string, readonly number[]>;
}

/** In text. */
export const spaceIdOf = ({ state }: Truth): string => toText(state.history.spaceId);

/** How a device stands to the account of its person: `apart` did not come in, or not yet. */
export type DeviceStanding = "in" | "revoked" | "apart" | "lost";

export function standingOf(facts: Facts, person: Person, device: Device): DeviceStanding {
  const account = ownAccountIn(facts, person);
  const known = account?.devices.get(device.deviceId() ?? "");
  if (device.accountId() !== person.accountId()) return device.isLost() ? "lost" : "apart";
  if (known?.revoked === true) return "revoked";
  return device.isLost() ? "lost" : "in";
}

export const ownAccountIn = ({ homes }: Facts, person: Person): AccountState | undefined => {
  const id = person.accountId() ?? "";
  const home = homes.get(id);
  return home === undefined ? undefined : accountIn(home, id);
};

/** A device that is connected so long hears of a space, and tells its account's home. */
const tellingMs = 1_000;

/**
 * An account that is in, though none of its devices that are left has ever heard of the space (SECURITY.md): those that were there before were lost or revoked before they could tell
 * the account's home, which keeps it for good. Or they had told it, and the relay has lost that.
 */
export function isStranded(facts: Facts, person: Person): boolean {
  const { space, homes, arrivals, rolledBack } = facts;
  const id = person.accountId() ?? "";
  const here = person.devices.filter((device) => standingOf(facts, person, device) === "in");
  const follows = (device: Device): boolean => device.follows(spaceIdOf(space));
  const home = homes.get(id);
  if (home === undefined || here.length === 0 || !isIn(space, id) || here.some(follows)) return false;
  if (rolledBack) return true;
  const sinceMs = Math.max(firstInAt(space, id), timeAt(home, 1));
  const couldTell = (device: Device): boolean => {
    const never = Number.POSITIVE_INFINITY;
    const goneMs = Math.min(device.lostAtMs() ?? never, closedForDevice(home, device.deviceId() ?? "")?.atMs ?? never);
    const heard = (arrivals.get(device.name) ?? []).filter((ms) => ms >= sinceMs && ms < goneMs);
    // What was on its way when it died says nothing of what it has heard.
    return goneMs === never || (heard.at(-1) ?? 0) - (heard[0] ?? 0) >= tellingMs;
  };
  const been = person.devices.filter(follows);
  return been.length > 0 && !been.some(couldTell);
}

/**
 * After a rollback who only reads may be the only one to have the end of the access log, and that may not be theirs to hand back (AL-7): then they do not trust the
 * relay, and are told.
 */
export const hasLostEnd = (facts: Facts, device: Device): boolean =>
  facts.rolledBack &&
  device.logLength(spaceIdOf(facts.space)) > facts.space.state.position &&
  device.documents().some((docId) => {
    const space = device.space(docId);
    return space?.spaceId === spaceIdOf(facts.space) && space.distrusted && !mayWriteIn(facts.space, device.accountId() ?? "", docId);
  });

/**
 * A relay that was put back to an old backup can lose the operation by which somebody could write. What they wrote stays in the copies that had it, can't be handed
 * back (AL-4), and is missing in others: what is promised then is that each side is told ("diverged").
 */
export const differenceIsNamed = (facts: Facts, one: Device, other: Device): boolean =>
  facts.rolledBack && [one, other].every((device) => device.alarms().some(({ kind }) => kind === "diverged"));

/** What a device shows of a document, but for its own words that nobody else needs to have. */
export const sharedText = (device: Device, docId: string, words: readonly Word[]): string =>
  (device.text(docId) ?? "")
    .split(" ")
    .filter((word) => word !== "" && !words.some((one) => one.text === word && one.who === device.name && !one.acked))
    .join(" ");
