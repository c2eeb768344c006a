/** Bugs of a peer's receiving and recovering: what it believes, what it sets aside, what it hands back. */
import type { Mutant } from "./mutant.ts";

const receive = "packages/peer/src/engine/receive.ts";
const recovery = "packages/peer/src/engine/recovery.ts";
const document = "packages/peer/src/engine/document.ts";
const openRecord = "packages/peer/src/engine/open-record.ts";
const connection = "packages/peer/src/engine/connection.ts";

export const peerReceivingMutants: readonly Mutant[] = [
  {
    id: "suspects-accepted-at-first-sight",
    patches: [
      { file: receive, find: `isAccepted: (item) => state.suspects.has(suspectKey(item)),`, replace: `isAccepted: () => true,` },
      // Else it is mended half a minute later (PE-16).
      { file: receive, find: `  lookAgainLater(core);\n`, replace: `` },
    ],
    bug: "An entry that fails its checks is taken as part of the log the first time it comes.",
    loss: "One altered frame, and honest work is set aside in this device's copy.",
    expect: ["I1", "I12", "I14"],
  },
  {
    id: "no-second-look",
    patches: [{ file: receive, find: `  lookAgainLater(core);\n`, replace: `` }],
    bug: "What was set aside for its signature is never asked for again.",
    loss: "A relay spoils the last signature of somebody who then leaves, and their words are missing on one device for good.",
    expect: ["I1", "I14"],
  },
  {
    id: "signed-head-not-compared",
    patches: [{ file: receive, find: `  if (genuine && agrees) return true;`, replace: `  if (genuine) return true;` }],
    bug: "The heads that the relay signs are checked for their signature and not compared with what was read.",
    loss: "A relay that leaves entries out is not noticed.",
    expect: ["I12", "I1"],
  },
  {
    id: "heads-of-others-not-told",
    patches: [
      {
        file: receive,
        find: `    core.alarm("fork", head.seq, deviceId);
    store.set(`,
        replace: `    store.set(`,
      },
    ],
    bug: "Heads that other devices name are compared, and the difference is told to nobody.",
    loss: "A relay shows two groups two histories, and neither hears of it.",
    expect: ["I12"],
  },
  {
    id: "rollback-not-told",
    patches: [
      {
        file: recovery,
        find: `  core.alarm(message.atCursor === undefined ? "rollback" : "fork", asked);\n`,
        replace: ``,
      },
    ],
    bug: "A relay that went back behind what was verified is followed without a word.",
    loss: "Nobody learns that the relay lost acknowledged work.",
    expect: ["I12"],
  },
  {
    id: "rewind-forgets-what-was-lost",
    patches: [
      {
        file: recovery,
        find: `    if (state.lost.get(key)?.restorable !== true) {`,
        replace: `    if (state.lost.get(key)?.restorable === true) {`,
      },
    ],
    bug: "Entries that the relay lost are dropped from this device's log as well.",
    loss: "What a rollback of the relay took is never handed back.",
    expect: ["I2", "I1", "I4"],
  },
  {
    id: "only-own-records-handed-back",
    patches: [
      {
        file: recovery,
        find: `import { bytesEqual, emptyHead, framedBytes, limits, toText } from "@skerry/protocol";`,
        replace: `import { bytesEqual, decodeRecord, emptyHead, framedBytes, limits, toText } from "@skerry/protocol";`,
      },
      {
        file: recovery,
        find: `    const restorable =
      kind === undefined ||`,
        replace: `    const decoded = decodeRecord(entry.record);
    if (!decoded.ok || !bytesEqual(decoded.value.header.deviceId, core.identity.device.deviceId)) {
      log.remove(entry.seq);
      continue;
    }
    const restorable =
      kind === undefined ||`,
      },
    ],
    bug: "Of what the relay lost, a device hands back only what it wrote itself.",
    loss: "Work of devices that are gone stays lost, though others hold it.",
    expect: ["I2", "I1"],
  },
  {
    id: "handing-back-not-tried-again",
    patches: [
      {
        file: recovery,
        find: `if (state.recovery !== undefined || missingAtRelay(state) > 0) state.recovery`,
        replace: `if (state.recovery !== undefined) state.recovery`,
      },
    ],
    bug: "If the connection fails while records are handed back, that is the end of it.",
    loss: "After a rollback and a bad network acknowledged work stays lost.",
    expect: ["I14", "I2"],
  },
  {
    id: "chains-survive-rewind",
    patches: [
      {
        file: recovery,
        find: `  await rebuildChains(core);
  await rebuildAcked(core);`,
        replace: `  await rebuildAcked(core);`,
      },
    ],
    bug: "After a rollback authors are held to records that the log does not have any more.",
    loss: "What is handed back is set aside as forged.",
    expect: ["I12", "I1", "I14"],
  },
  {
    id: "foreign-client-id-accepted",
    patches: [
      {
        file: openRecord,
        find: `  return clients.firstForeign(clientsOf(opened.value.summary), deviceId) === undefined ? opened : err("foreign-client-id");`,
        replace: `  return opened;`,
      },
    ],
    bug: "Any member may write under another device's client id.",
    loss: "A hostile member's words stand under somebody else's name, and block what that device writes next.",
    expect: ["I11", "I1", "I3", "I12"],
  },
  {
    id: "owner-of-client-id-not-stored",
    patches: [
      {
        file: receive,
        find: `    store.set(keys.client(client), storedDevice.encode(device));
    store.set(keys.expectedClient(client), undefined);`,
        replace: `    store.set(keys.expectedClient(client), undefined);`,
      },
    ],
    bug: "Who owns a client id is known until the next restart only.",
    loss: "After a restart others can be impersonated, and their work be signed by this device.",
    expect: ["I11", "I12"],
  },
  {
    id: "malformed-update-stops-the-document",
    patches: [
      {
        file: openRecord,
        find: `  if (!summary.ok) return err(`,
        replace: `  if (!summary.ok) throw new RangeError("update");
  if (!summary.ok) return err(`,
      },
    ],
    bug: "An update that does not pass the validator is an error instead of being set aside.",
    loss: "One hostile record, and nobody can read on in the document.",
    expect: ["I14", "I17", "I18", "I1"],
  },
  {
    id: "update-not-fitted",
    patches: [
      {
        file: receive,
        find: `const fitted = fitUpdate(doc, opened.update, opened.summary);`,
        replace: `const fitted = { ok: true, value: opened.update } as ReturnType<typeof fitUpdate>;`,
      },
    ],
    bug: "Updates are handed to Yjs without asking whether the document can take them.",
    loss: "A hostile member's contradictions stop a document, or make its copies differ.",
    expect: ["I14", "I17", "I1"],
  },
  {
    id: "late-message-handled",
    patches: [{ file: document, find: `    if (message.channel !== channel.number()) return;\n`, replace: `` }],
    bug: "What came for an earlier opening of the channel is taken as an answer to the present one.",
    loss: "False alarms, and a document that takes long to come back after a failure.",
    expect: ["I12", "I14", "I1"],
  },
  {
    id: "mailbox-not-serial",
    patches: [{ file: "packages/peer/src/engine/mailbox.ts", find: `await guarded(letter.run);`, replace: `void guarded(letter.run);` }],
    bug: "Events of one document are handled at the same time.",
    loss: "Half-made states get to disk, and a crash makes them last.",
    expect: ["I1", "I3", "I12", "I14", "I6"],
  },
  {
    id: "presence-under-a-foreign-name",
    patches: [
      {
        file: "packages/peer/src/engine/presence.ts",
        find: `entries.value.filter(({ clientId }) => state.clients.free(clientId, deviceId));`,
        replace: `entries.value.filter(() => true);`,
      },
    ],
    bug: "Presence may speak for a client id that belongs to another device.",
    loss: "A hostile member moves somebody else's cursor.",
    expect: ["I11"],
  },
  {
    id: "dead-link-not-noticed",
    patches: [
      {
        file: connection,
        find: `const deadAt = Math.min(mine.heardAt + limits.deadAfterMs, (mine.pingedAt ?? now) + limits.unansweredAfterMs);`,
        replace: `const deadAt = Number.POSITIVE_INFINITY;`,
      },
    ],
    bug: "The heartbeat pings and never concludes anything.",
    loss: "After a change of network a device believes to be online, and sends into nowhere.",
    expect: ["I14"],
  },
  {
    id: "gives-up-reconnecting",
    patches: [
      {
        file: connection,
        find: `    cancelRetry = clock.schedule(delayMs, dial);`,
        replace: `    if (failures <= 8) cancelRetry = clock.schedule(delayMs, dial);`,
      },
    ],
    bug: "After eight failed attempts a device does not try again.",
    loss: "A night without a network, and in the morning nothing syncs until the app is restarted.",
    expect: ["I14"],
  },
  {
    id: "handshake-without-end",
    patches: [
      {
        file: connection,
        find: `    mine.cancelTimer = clock.schedule(limits.handshakeMs, () => fail(mine, 3008, "handshake took too long"));\n`,
        replace: ``,
      },
    ],
    bug: "A relay that accepts connections and says nothing is waited for without end.",
    loss: "A middlebox that hangs once keeps a device offline for good.",
    expect: ["I14"],
  },
  {
    id: "garbage-ignored",
    patches: [{ file: connection, find: `    if (!frame.ok) return garbage(mine);`, replace: `    if (!frame.ok) return;` }],
    bug: "A frame that can't be read is skipped, and the connection goes on.",
    loss: "An acknowledgement in it is waited for as long as the connection lives.",
    expect: ["I14", "I12"],
  },
  {
    id: "gap-in-entries-accepted",
    patches: [{ file: receive, find: `  if (message.from > cursor + 1) return distrust(core, "bad-chain", cursor + 1);\n`, replace: `` }],
    bug: "Entries are taken although those before them never came.",
    loss: "Places, hashes and heads are wrong from there on, and the device accuses an honest relay.",
    expect: ["I12", "I1", "I14"],
  },
  {
    id: "a-full-disk-gives-up-what-is-lost",
    patches: [
      {
        file: "packages/peer/src/engine/recovery.ts",
        find: `  if (isPassing(message.code)) {`,
        replace: `  if (message.code === "rate-limited") {`,
      },
    ],
    bug: "A relay that can't store for a moment, while lost records are handed back, is never offered them again.",
    loss: "What a relay lost stays lost, and this device says that it is on other devices.",
    expect: ["I2", "I3", "I14"],
  },
  {
    id: "words-before-whose-they-are",
    patches: [{ file: receive, find: `  if (state.ownersDue) await store.commit();`, replace: `` }],
    bug: "Whose a client id is becomes durable after the words that are written under it.",
    loss: "After a crash and a rollback this device signs another's words as its own; that person's next words are refused by everybody.",
    expect: ["I12", "I14", "I11"],
  },
];
