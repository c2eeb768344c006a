/**
 * A relay that helps those who may not (docs/access.md, "What an attacker can and cannot do"): what somebody signs with all that a device of theirs has, and the relay
 * stores against its own rules.
 */
import { documentRights, judgeEntry, settingsOf, stateAt } from "@skerry/access";
import { documentKey, importDevice, importSecret, recogniseEpochKey, sealRecord } from "@skerry/crypto";
import { docIdFromText, emptyHead, idBytes, noRecord, toText } from "@skerry/protocol";
import type { DeviceId, DocId, ReplicaId } from "@skerry/protocol";
import { entriesIn } from "@skerry/relay/core";
import type { LogStore } from "@skerry/relay/core";
import { Doc, encodeStateAsUpdate } from "yjs";
import type { DiskRow } from "../disk/virtual-level.ts";
import type { Prng } from "../prng.ts";
import { epochMs } from "../world/world.ts";
import type { Device } from "./person.ts";
import type { ActOf } from "./plan.ts";
import { grantName } from "./role-model.ts";
import { slipIn } from "./slip-in.ts";
import type { Truth } from "./truth.ts";

export interface Forgery {
  /** What it would put into the document. */
  readonly text: string;
  /** Name of the person, and id of the device in text. */
  readonly person: string;
  readonly deviceId: string;
  readonly docId: string;
  readonly how: ActOf<"collude">["how"];
  /** That it is sealed under. */
  readonly epoch: number;
  /** Nothing but a fence is in its way. */
  readonly isFenced: boolean;
  readonly slipIn: (store: LogStore) => Promise<void>;
}

export interface ForgeryParts {
  readonly truth: Truth;
  readonly rows: Iterable<DiskRow>;
  readonly device: Device;
  readonly docId: string;
  readonly how: Forgery["how"];
  readonly text: string;
  readonly nowMs: number;
  readonly random: Prng;
}

/** Undefined if the device has not got what it takes, or if by the rules it would count: then it is no forgery. */
export function forge({ truth, rows, device, docId: name, how, text, nowMs, random }: ForgeryParts): Forgery | undefined {
  const { state } = truth;
  const { spaceId } = state.history;
  const loot = device.loot(toText(spaceId));
  const own = loot === undefined ? undefined : importDevice(loot.seed);
  const docId = docIdFromText(name);
  const entries = docId.ok ? entriesIn(docId.value, [...rows]) : [];
  const last = entries.at(-1);
  if (loot === undefined || own?.ok !== true || !docId.ok || last === undefined) return undefined;
  const { deviceId } = own.value;
  const position = how === "backdated" ? lastRight(truth, deviceId, docId.value) : state.position;
  if (position === undefined) return undefined;
  const { epoch, commitment } = settingsOf(stateAt(state, position));
  const given = loot.epochKeys.get(epoch);
  const key = given === undefined ? undefined : recogniseEpochKey(importSecret(given), spaceId, epoch, commitment);
  if (key === undefined) return undefined;
  const seq = entries.length + 1;
  const judged = judgeEntry(state, { docId: docId.value, seq, deviceId, epoch, position, positionBefore: last.accessPosition });
  // The rulebook may be what is broken: the model that shares no rule with it has a say, too. Until an owner's next key a leaver can backdate.
  const { roles, grants, keyIsStale } = truth.model;
  const accountId = device.accountId() ?? "";
  const mayNot =
    !keyIsStale && !["owner", "editor"].includes(roles.get(accountId) ?? "") && grants.get(grantName(accountId, name)) === undefined;
  if (judged.ok && !(how === "snapshot" ? roles.get(accountId) !== "owner" : mayNot)) return undefined;
  const doc = new Doc();
  doc.clientID = random.uint32();
  doc.getText("body").insert(0, `${text} `);
  const { bytes } = sealRecord({
    header: {
      kind: "update",
      docId: docId.value,
      epoch,
      deviceId,
      replicaId: random.bytes(idBytes) as ReplicaId,
      n: 1,
      prev: noRecord,
      seen: emptyHead,
      accessPosition: position,
    },
    body: {
      time: { wallMs: epochMs + Math.floor(nowMs), counter: 0 },
      certificate: loot.certificate,
      update: encodeStateAsUpdate(doc),
      ...(how === "snapshot" ? { snapshot: { part: 0, isLast: true, owners: [{ deviceId, clients: [doc.clientID] }] } } : {}),
    },
    key: documentKey(key.content, docId.value),
    device: own.value,
    random,
  });
  return {
    text,
    person: device.person,
    deviceId: device.deviceId() ?? "",
    docId: name,
    how,
    epoch,
    isFenced: judged.ok || judged.error.reason === "beyond-fence",
    slipIn: (store) => slipIn(store, docId.value, bytes, position, epochMs + Math.floor(nowMs)),
  };
}

/** The last position at which the device might write there. */
function lastRight({ state }: Truth, deviceId: DeviceId, docId: DocId): number | undefined {
  for (let position = state.position; position >= 1; position--)
    if (documentRights(stateAt(state, position), deviceId, docId).write) return position;
  return undefined;
}
