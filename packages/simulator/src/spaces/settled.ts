/** Whether all agree by now with the relay's logs: on roles, devices and keys, on what stands in each document, and on what each person is told. */
import { isLiveDevice } from "@skerry/access";
import type { AccountState } from "@skerry/access";
import { differenceIsNamed, hasLostEnd, isStranded, ownAccountIn, sharedText, spaceIdOf, standingOf } from "./facts.ts";
import type { Facts } from "./facts.ts";
import type { Device, Person, Word } from "./person.ts";
import { documentsOf, isIn, mayWriteIn } from "./truth.ts";

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
        (stranded || hasLostEnd(facts, device) ? undefined : spaceUnsettled(device, words, facts, texts, stillborn)) ??
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
  { homes, rolledBack }: Facts,
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
    // Who was revoked has the link still, and writes.
    const owed = rolledBack ? undefined : words.find((word) => word.docId === docId && word.acked && !text.includes(word.text));
    if (owed !== undefined) return `${device.name}'s ${short} has not got ${owed.text} of ${owed.who}, which the relay has taken`;
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
