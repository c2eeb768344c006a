/** What has to hold in the end: of roles, devices, keys, words and alarms. */
import { settingsOf, stateAt } from "@skerry/access";
import { importSecret, recogniseEpochKey } from "@skerry/crypto";
import { toText } from "@skerry/protocol";
import type { Forgery } from "./collusion.ts";
import { differenceIsNamed, hasLostEnd, isStranded, ownAccountIn, sharedText, spaceIdOf, standingOf } from "./facts.ts";
import type { Facts } from "./facts.ts";
import type { LinkedTo } from "./links.ts";
import type { Device, Person, Word } from "./person.ts";
import { grantName } from "./role-model.ts";
import {
  closedForDevice,
  closedFrom,
  couldWriteSince,
  documentLostAt,
  documentsOf,
  isAnnounced,
  mayWriteIn,
  wasGivenHistory,
  wasNeverMember,
} from "./truth.ts";
import type { Truth } from "./truth.ts";

export interface Verdict {
  /** Two histories of a log: nothing more is demanded than that nobody gets what he may not. */
  readonly forked: boolean;
  /** What links that a person was handed led to: the space, or single documents. */
  readonly wasLinkedTo: (person: string) => Readonly<LinkedTo>;
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
        if (!facts.rolledBack && !isNamed) broken("I12", `${device.name} raised "${alarm.kind}", and the relay was honest`);
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

function judgeWords(facts: Facts, people: readonly Person[], words: readonly Word[], { forked, broken, saw }: Verdict): void {
  const { space: truth, rolledBack } = facts;
  const devices = people.flatMap((person) => person.devices.map((device) => ({ device, standing: standingOf(facts, person, device) })));
  // A stranded one is told of by nobody, and reads nothing.
  const stranded = new Set(people.filter((person) => isStranded(facts, person)).flatMap((person) => person.devices));
  const inIt = devices
    .filter(({ device, standing }) => standing === "in" && !stranded.has(device) && !hasLostEnd(facts, device))
    .map(({ device }) => device);
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
    // Who only reads may have come just now, and has the same copy as somebody who was told, but for what was typed there to no purpose.
    const told = lacking.filter((device) => differenceIsNamed(facts, author.device, device));
    const copyOf = (device: Device): string => sharedText(device, word.docId, words);
    const isTold = (device: Device): boolean => told.some((one) => one === device || copyOf(one) === copyOf(device));
    if (lacking.length > 0 && lacking.every(isTold)) {
      saw("a rollback left copies that differ, and everybody was told");
      continue;
    }
    if (mustBe !== undefined && lacking.length > 0)
      broken(
        mustBe,
        `${word.text} of ${word.who} (${role ?? "out"}${word.acked ? ", acknowledged" : ""}) is missing in ${lacking.map(({ name }) => name).join(" and ")}'s copy`,
      );
  }
}

/** Of which epochs of this log the device has ever stored the key: a relay that was put back may have had others with the same numbers. */
function epochsHeld(device: Device, { state }: Truth): readonly number[] {
  const { spaceId } = state.history;
  const stored = device.loot(toText(spaceId))?.epochKeys ?? new Map<number, Uint8Array>();
  const commitments = new Map<number, Uint8Array>();
  for (let position = 1; position <= state.position; position++) {
    const { epoch, commitment } = settingsOf(stateAt(state, position));
    commitments.set(epoch, commitment);
  }
  return [...commitments].flatMap(([epoch, commitment]) => {
    const given = stored.get(epoch);
    return given !== undefined && recogniseEpochKey(importSecret(given), spaceId, epoch, commitment) !== undefined ? [epoch] : [];
  });
}

function judgeKeys(facts: Facts, person: Person, { wasLinkedTo, broken, saw }: Verdict): void {
  const newestOf = (device: Device, truth: Truth): number => Math.max(0, ...epochsHeld(device, truth));
  const closed = closedFrom(facts.space, person.accountId() ?? "");
  // Whoever hands somebody a link hands the key of the day along.
  const wasGivenALink = closed !== undefined && wasLinkedTo(person.name).lastMs >= closed.atMs;
  if (closed !== undefined && !wasGivenALink) {
    saw("somebody was removed for good");
    for (const device of person.devices) {
      const newest = newestOf(device, facts.space);
      if (newest >= closed.epoch) broken("I9", `${device.name} was removed with epoch ${closed.epoch}, and has the key of epoch ${newest}`);
    }
  }
  const home = facts.homes.get(person.accountId() ?? "");
  for (const device of person.devices) {
    for (const truth of [facts.space, ...(home === undefined ? [] : [home])]) {
      const from = closedForDevice(truth, device.deviceId() ?? "");
      const newest = newestOf(device, truth);
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
  { space: truth, firstDocument, rolledBack }: Facts,
  person: Person,
  words: readonly Word[],
  { broken }: Verdict,
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
  { space: truth, rolledBack }: Facts,
  person: Person,
  words: readonly Word[],
  { wasLinkedTo, broken, saw }: Verdict,
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
