/** What has to hold in the end: of roles, devices, keys, words and alarms. */
import { isLiveDevice } from "@skerry/access";
import type { AccountState } from "@skerry/access";
import { toText } from "@skerry/protocol";
import type { Forgery } from "./collusion.ts";
import type { Device, Person, Word } from "./person.ts";
import { grantName } from "./role-model.ts";
import {
  accountIn,
  cameInAt,
  closedForDevice,
  closedFrom,
  couldWriteSince,
  documentLostAt,
  documentsOf,
  isAnnounced,
  isIn,
  mayWriteIn,
  wasGivenHistory,
  wasNeverMember,
} from "./truth.ts";
import type { Truth } from "./truth.ts";

/** What the relay's disk says: of the space, and of the home of each account that has one. */
export interface Facts {
  readonly space: Truth;
  /** By account id in text. */
  readonly homes: ReadonlyMap<string, Truth>;
  readonly firstDocument: string;
  /** The relay was put back to an old backup in this run. */
  readonly rolledBack: boolean;
}

/** How a device stands to the account of its person: `apart` did not come in, or not yet. */
export type DeviceStanding = "in" | "revoked" | "apart" | "lost";

export function standingOf(facts: Facts, person: Person, device: Device): DeviceStanding {
  const account = ownAccountIn(facts, person);
  const known = account?.devices.get(device.deviceId() ?? "");
  if (device.accountId() !== person.accountId()) return device.isLost() ? "lost" : "apart";
  if (known?.revoked === true) return "revoked";
  return device.isLost() ? "lost" : "in";
}

const ownAccountIn = ({ homes }: Facts, person: Person): AccountState | undefined => {
  const id = person.accountId() ?? "";
  const home = homes.get(id);
  return home === undefined ? undefined : accountIn(home, id);
};

/**
 * An account that an owner let in again, of which the space knows only devices that are gone: nobody is there who could read its log, and tell it of the others
 * (SECURITY.md). After a rollback a revoked device may have brought it in, too, where the others have never been.
 */
function isStranded(facts: Facts, person: Person): boolean {
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
  if (!isTold || (facts.rolledBack && here.every((device) => device.space(facts.firstDocument) === undefined))) return true;
  return isUnheardOf(facts, person, here);
}

/**
 * Devices that had been revoked brought the account in by a link, or were the only ones that an owner's word reached: its home was closed to them by then, so no other
 * device has ever heard of the space (SECURITY.md).
 */
function isUnheardOf({ space, homes }: Facts, person: Person, here: readonly Device[]): boolean {
  const id = person.accountId() ?? "";
  const home = homes.get(id);
  const knowsIt = (device: Device): boolean => device.documents().some((docId) => device.space(docId)?.spaceId === spaceIdOf(space));
  if (home === undefined || !isIn(space, id) || here.some(knowsIt)) return false;
  const cameMs = cameInAt(space, id);
  const isRevokedBefore = (device: Device): boolean => (closedForDevice(home, device.deviceId() ?? "")?.atMs ?? cameMs) < cameMs;
  const been = person.devices.filter(knowsIt);
  return been.length > 0 && been.every(isRevokedBefore);
}

/**
 * A relay that was put back to an old backup can lose the operation by which somebody could write. What they wrote stays in the copies that had it, can't be handed
 * back (AL-4), and is missing in others: what is promised then is that each side is told ("diverged").
 */
const differenceIsNamed = (facts: Facts, one: Device, other: Device): boolean =>
  facts.rolledBack && [one, other].every((device) => device.alarms().some(({ kind }) => kind === "diverged"));

/** What those who write have, by document. */
type Texts = Map<string, readonly { readonly who: Device; readonly text: string }[]>;

/** Why not all agree with the relay's logs yet; undefined if they do. */
export function unsettled(people: readonly Person[], words: readonly Word[], facts: Facts): string | undefined {
  const { space } = facts;
  for (const truth of [space, ...facts.homes.values()]) {
    if (truth.model.keyIsStale) return "a new key is due";
    if (truth.keysDue > 0) return `${truth.keysDue} members have no envelope of their own`;
  }
  const stillborn = stillbornIn(people, facts);
  const texts: Texts = new Map();
  for (const person of people) {
    const why = accountUnsettled(person, facts);
    if (why !== undefined) return why;
    const devices = person.devices.filter((device) => standingOf(facts, person, device) === "in");
    const stranded = isStranded(facts, person);
    for (const device of devices) {
      const not =
        (stranded ? undefined : spaceUnsettled(device, words, facts, texts, stillborn)) ??
        ownDocumentsUnsettled(device, devices, words, facts, texts);
      if (not !== undefined) return not;
    }
  }
  return undefined;
}

/** Documents whose maker lost the right to write between the operation that names them and their first record: nobody who may send that has it. */
function stillbornIn(people: readonly Person[], facts: Facts): ReadonlySet<string> {
  const { space } = facts;
  const isHeld = (docId: string): boolean =>
    people.some((person) =>
      person.devices.some(
        (device) =>
          standingOf(facts, person, device) === "in" &&
          mayWriteIn(space, device.accountId() ?? "", docId) &&
          device.status(docId)?.phase === "ready",
      ),
    );
  return new Set(space.documents.filter((docId) => space.seqs.get(docId) === 0 && !isHeld(docId)));
}

/** What a device shows of a document, but for its own words that nobody else needs to have. */
const sharedText = (device: Device, docId: string, words: readonly Word[]): string =>
  (device.text(docId) ?? "")
    .split(" ")
    .filter((word) => word !== "" && !words.some((one) => one.text === word && one.who === device.name && !one.acked))
    .join(" ");

function spaceUnsettled(
  device: Device,
  words: readonly Word[],
  facts: Facts,
  texts: Texts,
  stillborn: ReadonlySet<string>,
): string | undefined {
  const { space: truth, firstDocument } = facts;
  const { name } = device;
  const accountId = device.accountId() ?? "";
  const role = truth.roles.get(accountId);
  const mine = documentsOf(truth, accountId);
  const space = device.space(firstDocument);
  for (const docId of device.documents()) {
    if (mine.includes(docId) || device.space(docId)?.spaceId !== spaceIdOf(truth)) continue;
    if (device.space(docId)?.standing === "joining") return `${name} still waits to come into ${docId.slice(0, 4)}`;
    // What was made there may not be in the log yet: see below.
    if (isToldIn(device, docId) && (role === undefined || truth.documents.includes(docId)))
      return `${name} has not got ${docId.slice(0, 4)}, and is told "${device.space(docId)?.standing ?? ""}"`;
  }
  if (role === undefined && mine.length === 0)
    return isToldIn(device, firstDocument) ? `${name} is out, and told "${space?.standing ?? ""}"` : undefined;
  if (role !== undefined) {
    if (space === undefined) return `${name} is ${role} and knows nothing of it`;
    const unannounced = device
      .documents()
      .find((docId) => !truth.documents.includes(docId) && device.space(docId)?.spaceId === space.spaceId);
    if (unannounced !== undefined && (role === "owner" || role === "editor"))
      return `${name}'s ${unannounced.slice(0, 4)} is not in the space's log`;
  }
  for (const docId of mine) {
    // Whose first record never came is nowhere to be had.
    if (stillborn.has(docId) && device.status(docId)?.phase === "missing") continue;
    const why = documentUnsettled(device, docId, words, facts, texts);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Told to be in. */
const isToldIn = (device: Device, docId: string): boolean => {
  const standing = device.space(docId)?.standing;
  return standing === "member" || standing === "creating";
};

/** A document that the account has, as a member or alone. */
function documentUnsettled(device: Device, docId: string, words: readonly Word[], facts: Facts, texts: Texts): string | undefined {
  const { space: truth } = facts;
  const { name } = device;
  const accountId = device.accountId() ?? "";
  const [role, grant] = [truth.roles.get(accountId), truth.grants.get(accountId)?.get(docId)];
  const short = docId.slice(0, 4);
  const space = device.space(docId);
  if (space === undefined) return `${name} is ${role ?? grant} and knows nothing of ${short}`;
  if (space.standing !== "member" || space.role !== role || space.grant !== grant)
    return `${name} is ${role ?? `guest (${grant})`}, and told "${space.standing}", ${space.role ?? space.grant ?? "no role"} in ${short}`;
  if (space.distrusted) return `${name} does not trust the relay`;
  if (space.epoch !== truth.epoch) return `${name} is at epoch ${space.epoch}, not ${truth.epoch}`;
  if (space.rotationDue) return `${name}: a new key is due`;
  if (space.members.length !== truth.roles.size) return `${name} sees ${space.members.length} members, not ${truth.roles.size}`;
  const seen = space.guests.map(({ accountId: guest, role: as }) => `${guest} ${as}`).toSorted();
  const guests = [...truth.grants].flatMap(([guest, granted]) => {
    const as = truth.roles.has(guest) ? undefined : granted.get(docId);
    return as === undefined ? [] : [`${guest} ${as}`];
  });
  if (seen.join() !== guests.toSorted().join()) return `${name} sees ${seen.length} guests of ${short}, not these ${guests.length}`;
  const status = device.status(docId);
  if (status === undefined || device.text(docId) === undefined) return `${name} has not got ${short}`;
  if (status.phase !== "ready") return `${name}'s ${short} is "${status.phase}"`;
  const seq = truth.seqs.get(docId) ?? 0;
  if (status.seq !== seq) return `${name}'s ${short} is at ${status.seq} of ${seq}`;
  // Who reads keeps what was typed there all the same, among what others wrote.
  const isWriter = mayWriteIn(truth, accountId, docId);
  if (isWriter && (!space.mayWrite || status.unsentChanges > 0))
    return `${name}'s ${short} has ${status.unsentChanges} changes unsent, ${space.mayWrite ? "may" : "may not"} write, ${status.refusal ?? ""}`;
  if (!isWriter && space.mayWrite) return `${name} may not write in ${short}, and is told that it may`;
  // Also a guest who reads by now keeps what a relay that was put back has lost of hers.
  if (!isWriter && (role !== undefined || facts.rolledBack)) return undefined;
  const text = sharedText(device, docId, words);
  const others = texts.get(docId) ?? [];
  texts.set(docId, [...others, { who: device, text }]);
  // With each of them: who came just now has not compared yet.
  const other = others.find((one) => one.text !== text && !differenceIsNamed(facts, one.who, device));
  return other === undefined ? undefined : `${other.who.name} and ${name} have different texts in ${short}`;
}

/** Documents that the account has by links: all of its devices have them, with their titles. */
function ownDocumentsUnsettled(
  device: Device,
  devices: readonly Device[],
  words: readonly Word[],
  { homes }: Facts,
  texts: Texts,
): string | undefined {
  // One device, and perhaps one that was never paired: nothing to agree on.
  if (!homes.has(device.accountId() ?? "")) return undefined;
  const all = new Set(devices.flatMap((one) => one.documents().filter((docId) => one.space(docId) === undefined)));
  for (const docId of all) {
    const short = docId.slice(0, 4);
    const status = device.status(docId);
    if (!device.documents().includes(docId) || status?.phase !== "ready")
      return `${device.name} has not got ${short}, which the account has`;
    if (status.unsentChanges > 0) return `${device.name}'s ${short} has ${status.unsentChanges} changes unsent`;
    if (device.title(docId) === "" && devices.some((one) => one.title(docId) !== "")) return `${device.name}'s ${short} has no title`;
    const text = sharedText(device, docId, words);
    const [first] = texts.get(docId) ?? [];
    if (first === undefined) texts.set(docId, [{ who: device, text }]);
    else if (first.text !== text) return `${first.who.name} and ${device.name} have different texts in ${short}`;
  }
  return undefined;
}

/** Devices and the account's log. */
function accountUnsettled(person: Person, facts: Facts): string | undefined {
  const id = person.accountId() ?? "";
  const account = ownAccountIn(facts, person);
  for (const device of person.devices) {
    const { name } = device;
    const standing = standingOf(facts, person, device);
    if (standing === "lost" || device.isLost()) continue;
    if (device.peer() === undefined) return `${name} is not running`;
    const { at } = device.pairing();
    if (at === "finishing" || at === "comparing") return `${name}: a pairing is at "${at}"`;
    const status = device.devices();
    if (standing === "apart") continue;
    if (status === undefined) return `${name} does not know the account's devices`;
    if (status.revoked !== (standing === "revoked")) return `${name} is ${standing}, and told ${status.revoked ? "revoked" : "in"}`;
    if (standing === "revoked" || account === undefined) continue;
    if (status.untoldSpaces > 0) return `${name}: ${status.untoldSpaces} spaces were not told of the account's devices`;
    const seen = new Map(status.devices.map(({ deviceId, revoked }) => [deviceId, revoked]));
    for (const [deviceId, { revoked }] of account.devices) {
      // Recovery words are a device of the log, and none of the list.
      if (person.devices.some((one) => one.deviceId() === deviceId) && seen.get(deviceId) !== revoked)
        return `${name} sees another list of devices than the account's log has`;
    }
    if (!isLiveDevice(account, idOfDevice(account, device))) return `${name} is of the account, and its log does not know it`;
  }
  if (account === undefined || !isIn(facts.space, id) || isStranded(facts, person)) return undefined;
  const told = facts.space.model.heard.get(id) ?? 0;
  return told < account.n ? `the space has heard ${told} of ${account.n} operations of ${person.name}'s account` : undefined;
}

const idOfDevice = (account: AccountState, device: Device): Uint8Array =>
  account.devices.get(device.deviceId() ?? "")?.deviceId ?? new Uint8Array();

export interface Verdict {
  readonly rolledBack: boolean;
  /** Two histories of a log: nothing more is demanded than that nobody gets what he may not. */
  readonly forked: boolean;
  /** When a link was last made for each person. */
  readonly lastLinks: ReadonlyMap<string, number>;
  /** What links that a person was handed led to: the space, or single documents. */
  readonly wasLinkedTo: (person: string) => {
    readonly space: boolean;
    readonly firstEpoch: number;
    readonly documents: ReadonlySet<string>;
  };
  /** Devices that must not have come in: somebody said that the digits differ, and there was no other try. */
  readonly rejected: ReadonlySet<Device>;
  /** What the relay stored against the rules. */
  readonly forgeries: readonly Forgery[];
  readonly broken: (invariant: string, message: string) => void;
  readonly saw: (state: string) => void;
}

/** What holds of words, keys, devices and alarms in the end. */
export function judge(facts: Facts, people: readonly Person[], words: readonly Word[], verdict: Verdict): void {
  const { broken } = verdict;
  for (const truth of [facts.space, ...facts.homes.values()]) judgeLog(truth, broken);
  const { newsOfOthers, keysForOthers } = facts.space.model;
  if (newsOfOthers > 0) verdict.saw("news of a device in somebody else's space");
  if (keysForOthers > 0) verdict.saw("an owner made a new key because another's device was revoked");
  judgeWords(facts, people, words, verdict);
  for (const person of people) {
    judgeKeys(facts, person, verdict);
    judgeReading(facts, person, words, verdict);
    judgeGuest(facts, person, words, verdict);
    judgePast(facts, person, verdict);
    judgeForgeries(facts, person, verdict);
    judgeDevices(facts, person, verdict);
    for (const device of person.devices) {
      for (const alarm of device.alarms()) {
        const isNamed = alarm.kind === "not-allowed" && verdict.forgeries.some(({ deviceId }) => deviceId === alarm.device);
        if (!verdict.rolledBack && !isNamed) broken("I12", `${device.name} raised "${alarm.kind}", and the relay was honest`);
      }
    }
  }
}

function judgeLog({ model, roles, grants }: Truth, broken: Verdict["broken"]): void {
  if (model.wrong !== undefined) broken("I9", model.wrong);
  const differs = [...new Set([...model.roles.keys(), ...roles.keys()])].find((id) => model.roles.get(id) !== roles.get(id));
  if (differs !== undefined)
    broken("I9", `somebody is ${roles.get(differs) ?? "out"} by the rulebook, and ${model.roles.get(differs) ?? "out"} by the model`);
  const given = new Map(
    [...grants].flatMap(([id, ofAccount]) => [...ofAccount].map(([docId, role]) => [grantName(id, docId), role] as const)),
  );
  const other = [...new Set([...model.grants.keys(), ...given.keys()])].find((name) => model.grants.get(name) !== given.get(name));
  if (other !== undefined)
    broken(
      "I9",
      `of a document somebody is ${given.get(other) ?? "no guest"} by the rulebook, and ${model.grants.get(other) ?? "none"} by the model`,
    );
}

function judgeWords(facts: Facts, people: readonly Person[], words: readonly Word[], { rolledBack, forked, broken, saw }: Verdict): void {
  const { space: truth } = facts;
  const devices = people.flatMap((person) => person.devices.map((device) => ({ device, standing: standingOf(facts, person, device) })));
  // A stranded one is told of by nobody, and reads nothing.
  const stranded = new Set(people.filter((person) => isStranded(facts, person)).flatMap((person) => person.devices));
  const inIt = devices.filter(({ device, standing }) => standing === "in" && !stranded.has(device)).map(({ device }) => device);
  for (const word of words) {
    const author = devices.find(({ device }) => device.name === word.who);
    if (author === undefined) continue;
    const accountId = author.device.accountId() ?? "";
    const role = truth.roles.get(accountId) ?? truth.grants.get(accountId)?.get(word.docId);
    const isAnnouncedHere = isAnnounced(truth, word.docId);
    // A document that is shared by a link is here the account's own.
    const all = inIt.filter((device) =>
      isAnnouncedHere ? documentsOf(truth, device.accountId() ?? "").includes(word.docId) : device.accountId() === accountId,
    );
    const others = all.filter((device) => device.name !== word.who && device.text(word.docId) !== undefined);
    const holders = others.filter((device) => (device.text(word.docId) ?? "").includes(word.text));
    for (const device of all) {
      const times = (device.text(word.docId) ?? "").split(word.text).length - 1;
      if (times > 1) broken("I7", `${word.text} stands ${times} times in ${device.name}'s copy`);
    }
    if (isAnnouncedHere) {
      const fromMs = word.arrivedMs ?? Number.POSITIVE_INFINITY;
      if (!couldWriteSince(truth, author.device.deviceId() ?? "", word.docId, fromMs)) {
        if (holders.length > 0 && !rolledBack)
          broken("I8", `${word.text} of ${word.who}, who could not write since, stands in ${holders[0]?.name ?? ""}'s copy`);
        const closedAtMs = closedForDevice(truth, author.device.deviceId() ?? "")?.atMs;
        saw(
          closedAtMs !== undefined && word.atMs < closedAtMs
            ? "a word that a revoked device had not sent"
            : "a word of somebody who could not write any more",
        );
        continue;
      }
    }
    if (forked) continue;
    const stays = author.standing === "in" && (!isAnnouncedHere || mayWriteIn(truth, accountId, word.docId));
    const mustBe = stays && word.kept ? "I3" : word.acked && !rolledBack ? "I2" : undefined;
    const lacking = others.filter((device) => !holders.includes(device));
    // Who only reads may have come just now, and has the same copy as somebody who was told.
    const told = lacking.filter((device) => differenceIsNamed(facts, author.device, device));
    const isTold = (device: Device): boolean => told.some((one) => one === device || one.text(word.docId) === device.text(word.docId));
    if (lacking.length > 0 && lacking.every(isTold)) {
      saw("a rollback left copies that differ, and everybody was told");
      continue;
    }
    if (mustBe !== undefined && lacking.length > 0)
      broken(mustBe, `${word.text} of ${word.who} (${role ?? "out"}${word.acked ? ", acknowledged" : ""}) is missing in a copy`);
  }
}

function judgeKeys(facts: Facts, person: Person, { rolledBack, forked, lastLinks, broken, saw }: Verdict): void {
  if (forked) return;
  const newestOf = (device: Device, spaceId: string): number => Math.max(0, ...device.epochs(spaceId));
  const closed = closedFrom(facts.space, person.accountId() ?? "");
  // Whoever hands somebody a link hands the key of the day along.
  const wasGivenALink = closed !== undefined && (lastLinks.get(person.name) ?? 0) >= closed.atMs;
  if (closed !== undefined && !wasGivenALink) {
    saw("somebody was removed for good");
    for (const device of person.devices) {
      const newest = newestOf(device, spaceIdOf(facts.space));
      if (newest >= closed.epoch) broken("I9", `${device.name} was removed with epoch ${closed.epoch}, and has the key of epoch ${newest}`);
    }
  }
  // Two devices may have revoked each other, one of them before the relay forgot it: then nobody is left to see that there are two histories.
  if (rolledBack) return;
  const home = facts.homes.get(person.accountId() ?? "");
  for (const device of person.devices) {
    for (const truth of [facts.space, ...(home === undefined ? [] : [home])]) {
      const from = closedForDevice(truth, device.deviceId() ?? "");
      const newest = newestOf(device, spaceIdOf(truth));
      if (from === undefined) continue;
      saw(truth === home ? "a revoked device and its home" : "a revoked device and the space");
      if (newest >= from.epoch) broken("I9", `${device.name} was revoked before epoch ${from.epoch}, and has the key of epoch ${newest}`);
    }
  }
}

/** How long the relay takes, at most, from receiving an operation until it is in force. */
const comesIntoForceMs = 1_000;

/** A revoked device is shown nothing of the space from its revocation on: neither what others write nor what they decide. */
function judgeReading(
  { space: truth, firstDocument }: Facts,
  person: Person,
  words: readonly Word[],
  { rolledBack, broken }: Verdict,
): void {
  if (rolledBack) return;
  for (const device of person.devices) {
    const closed = closedForDevice(truth, device.deviceId() ?? "");
    if (closed === undefined) continue;
    const shown = device.space(firstDocument)?.epoch ?? 0;
    // The operation that revokes it, which may begin an epoch, is the last that it is shown.
    if (shown > closed.epoch) broken("I9", `${device.name} was revoked before epoch ${closed.epoch}, and is told of epoch ${shown}`);
    const seen = words.find(
      ({ who, docId, text, atMs }) =>
        atMs > closed.atMs + comesIntoForceMs &&
        who !== device.name &&
        truth.documents.includes(docId) &&
        (device.text(docId) ?? "").includes(text),
    );
    if (seen !== undefined) broken("I9", `${device.name} was revoked, and has ${seen.text} of ${seen.who}, which was typed afterwards`);
  }
}

/** Of each epoch from this one on. A guest's keys are not stored, and seen by nobody. */
function hasKeysSince(truth: Truth, device: Device, epoch: number): boolean {
  const epochs = device.epochs(spaceIdOf(truth));
  return Array.from({ length: truth.epoch - epoch + 1 }, (_, index) => epoch + index).every((one) => epochs.has(one));
}

/** What a relay stored against the rules stands in nobody's copy, and everybody who has the document names whose it is; those who forged it may do as they like. */
function judgeForgeries(facts: Facts, person: Person, { forgeries, broken }: Verdict): void {
  const stranded = isStranded(facts, person);
  for (const { text, person: forger, deviceId, docId, how, epoch } of forgeries) {
    if (person.name === forger || stranded) continue;
    for (const device of person.devices) {
      if ((device.text(docId) ?? "").includes(text))
        broken("I8", `${text} of ${forger} (${how}), which may not be, stands in ${device.name}'s copy`);
      const has = standingOf(facts, person, device) === "in" && documentsOf(facts.space, device.accountId() ?? "").includes(docId);
      // That it is a snapshot is sealed: who was not there then cannot tell, and passes it over.
      const canTell = how !== "snapshot" || hasKeysSince(facts.space, device, epoch);
      if (has && canTell && !device.alarms().some((alarm) => alarm.kind === "not-allowed" && alarm.device === deviceId))
        broken("I8", `${device.name} does not name ${forger}, whose ${text} (${how}) the relay stored`);
    }
  }
}

/** Who came by links that let them read from now on, and by nothing else, has no key of before. */
function judgePast({ space: truth }: Facts, person: Person, { wasLinkedTo, broken, saw }: Verdict): void {
  const { space, firstEpoch } = wasLinkedTo(person.name);
  const accountId = person.accountId() ?? "";
  if (!space || firstEpoch <= 1 || wasGivenHistory(truth, accountId)) return;
  for (const device of person.devices) {
    if (device.accountId() !== accountId) continue;
    const oldest = Math.min(...device.epochs(spaceIdOf(truth)));
    if (oldest < firstEpoch) broken("I9", `${device.name} reads from epoch ${firstEpoch} on, and has the key of epoch ${oldest}`);
    if (Number.isFinite(oldest) && device.status(truth.documents[0] ?? "")?.phase === "ready")
      saw("somebody who reads from now on has a document");
  }
}

/** Who has documents alone: these, none of the others, and no key of the space. And who lost one is shown nothing that came after. */
function judgeGuest(
  { space: truth }: Facts,
  person: Person,
  words: readonly Word[],
  { rolledBack, wasLinkedTo, broken, saw }: Verdict,
): void {
  const accountId = person.accountId() ?? "";
  const linked = wasLinkedTo(person.name);
  const isPureGuest = wasNeverMember(truth, accountId) && !linked.space;
  for (const device of person.devices) {
    if (device.accountId() !== accountId) continue;
    // Who was asked into the space may hold its key by the link.
    const epochs = [...device.epochs(spaceIdOf(truth))];
    if (isPureGuest && epochs.length > 0) broken("I9", `${device.name} was never a member, and has the key of epoch ${epochs[0]}`);
    for (const docId of truth.documents) {
      const lostAtMs = documentLostAt(truth, accountId, docId);
      if (lostAtMs === undefined) continue;
      const isHere = device.documents().includes(docId);
      if (lostAtMs === "never") {
        if (isHere && !linked.documents.has(docId) && !rolledBack)
          broken("I9", `${device.name} has ${docId.slice(0, 4)}, which nobody gave it`);
        const text = device.text(docId) ?? "";
        if (!rolledBack && words.some((word) => word.who !== device.name && text.includes(word.text)))
          broken("I9", `${device.name} reads ${docId.slice(0, 4)}, which nobody gave it`);
        continue;
      }
      if (isPureGuest) saw("somebody lost a document that was given alone");
      if (rolledBack) continue;
      const seen = words.find(
        (word) =>
          word.docId === docId &&
          word.atMs > lostAtMs + comesIntoForceMs &&
          !person.devices.some(({ name }) => name === word.who) &&
          (device.text(docId) ?? "").includes(word.text),
      );
      if (seen !== undefined)
        broken("I9", `${device.name} lost ${docId.slice(0, 4)}, and has ${seen.text} of ${seen.who}, which was typed afterwards`);
    }
  }
  const given = truth.roles.has(accountId) ? undefined : truth.grants.get(accountId);
  if (given === undefined) return;
  saw("a guest in the end");
  if (person.devices.filter((device) => device.accountId() === accountId && !device.isLost()).length > 1) saw("a guest with two devices");
  if (given.size > 1) saw("a guest with two documents");
}

const spaceIdOf = ({ state }: Truth): string => toText(state.history.spaceId);

/** A pairing is whole, or it changed nothing on the new device. */
function judgeDevices(facts: Facts, person: Person, { rejected, forked, broken, saw }: Verdict): void {
  const account = ownAccountIn(facts, person);
  for (const device of person.devices) {
    const [now, first, ours] = [device.accountId(), device.firstAccountId(), person.accountId()];
    if (now !== first && now !== ours) broken("I9", `${device.name} is of an account that is neither its own nor ${person.name}'s`);
    if (forked || device.deviceId() === undefined) continue;
    const known = account?.devices.get(device.deviceId() ?? "");
    const cameIn = now === ours && first !== ours;
    if (cameIn && known === undefined) broken("I9", `${device.name} is of ${person.name}'s account, whose log does not know it`);
    if (!cameIn && first !== ours && known !== undefined) saw("a device is in the account's log, and did not come in");
    if (rejected.has(device) && (cameIn || known !== undefined))
      broken("I9", `${device.name} came in, though somebody said that the digits differ`);
  }
}
