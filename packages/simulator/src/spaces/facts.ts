/** What is so in the end, by the relay's disk, and how each device stands to it. */
import type { AccountState } from "@skerry/access";
import { toText } from "@skerry/protocol";
import type { Device, Person, Word } from "./person.ts";
import { accountIn, cameInAt, closedForDevice, isIn, mayWriteIn } from "./truth.ts";
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

/**
 * An account that an owner let in again, of which the space knows only devices that are gone: nobody is there who could read its log, and tell it of the others
 * (SECURITY.md). After a rollback a revoked device may have brought it in, too, where the others have never been.
 */
export function isStranded(facts: Facts, person: Person): boolean {
  const known = accountIn(facts.space, person.accountId() ?? "");
  const here = person.devices.filter((device) => standingOf(facts, person, device) === "in");
  if (known === undefined || here.length === 0) return false;
  const account = ownAccountIn(facts, person);
  // A device that is nobody's is recovery words: they can read the log, and tell it, until they have told all that the relay let them.
  const hasWords = here.some((device) => device.hasKit());
  const isTold = [...known.devices].some(
    ([id, { revoked }]) =>
      !revoked &&
      account?.devices.get(id)?.revoked !== true &&
      (here.some((device) => device.deviceId() === id) || (hasWords && !person.devices.some((device) => device.deviceId() === id))),
  );
  if (!isTold || (facts.rolledBack && !here.some((device) => knowsSpace(facts, device)))) return true;
  return isUnheardOf(facts, person, here);
}

const knowsSpace = ({ space }: Facts, device: Device): boolean =>
  device.documents().some((docId) => device.space(docId)?.spaceId === spaceIdOf(space));

/** A device that is connected so long hears of a space, and tells its account's home. */
const tellingMs = 1_000;

/**
 * Devices that had been revoked brought the account in by a link, or were the only ones that an owner's word reached: its home was closed to them by then, so no other
 * device has ever heard of the space (SECURITY.md). Or all that knew it were lost when an owner let the account in once more,
 * or were not heard from any more until they were lost or revoked.
 */
function isUnheardOf(facts: Facts, person: Person, here: readonly Device[]): boolean {
  const { space, homes, arrivals } = facts;
  const id = person.accountId() ?? "";
  const home = homes.get(id);
  if (home === undefined || !isIn(space, id) || here.some((device) => knowsSpace(facts, device))) return false;
  const cameMs = cameInAt(space, id);
  const couldTell = (device: Device): boolean => {
    const never = Number.POSITIVE_INFINITY;
    const goneMs = Math.min(device.lostAtMs() ?? never, closedForDevice(home, device.deviceId() ?? "")?.atMs ?? never);
    const heard = (arrivals.get(device.name) ?? []).filter((ms) => ms >= cameMs && ms < goneMs);
    // What was on its way when it died says nothing of what it has heard.
    return goneMs === never || (heard.at(-1) ?? 0) - (heard[0] ?? 0) >= tellingMs;
  };
  const been = person.devices.filter((device) => device.isLost() || knowsSpace(facts, device));
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
