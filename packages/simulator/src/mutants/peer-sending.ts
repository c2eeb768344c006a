/** Bugs of a peer's sending: what is unsent, what is on its way, whose number comes next, and what people are told about it. */
import type { Mutant } from "./mutant.ts";

const send = "packages/peer/src/engine/send.ts";
const document = "packages/peer/src/engine/document.ts";
const createPeer = "packages/peer/src/engine/create-peer.ts";
const reopen = "packages/peer/src/engine/reopen.ts";
const saved = "packages/peer/src/engine/saved.ts";
const unsent = "packages/peer/src/yjs-update/unsent.ts";

export const peerSendingMutants: readonly Mutant[] = [
  {
    id: "sent-before-stored",
    patches: [
      {
        file: send,
        find: `  await core.store.commit();
  sendOutgoing(core);`,
        replace: `  sendOutgoing(core);`,
      },
    ],
    bug: "A sealed record is sent before it is on the device's disk.",
    loss: "A crash at the wrong moment, and the device signs two different records with one number.",
    expect: ["I6", "I12"],
  },
  {
    id: "in-flight-lost-on-reconnect",
    patches: [
      {
        file: document,
        find: `    for (const record of state.outgoing) record.acked = false;`,
        replace: `    state.outgoing = state.outgoing.filter((record) => !record.sent);`,
      },
    ],
    bug: "Records on their way are forgotten when the connection ends.",
    loss: "What was typed just before a cut never reaches anyone, and is shown as synced.",
    expect: ["I3", "I4", "I1", "I14"],
  },
  {
    id: "sent-flag-survives-reconnect",
    patches: [
      {
        file: reopen,
        find: `    record.sent = false;
    record.acked = false;`,
        replace: `    record.acked = false;`,
      },
    ],
    bug: "A record that was sent over a lost connection counts as sent over the new one.",
    loss: "What was typed just before a cut stays on the device for ever.",
    expect: ["I14", "I1"],
  },
  {
    id: "acked-flag-survives-reconnect",
    patches: [
      {
        file: reopen,
        find: `    record.sent = false;
    record.acked = false;`,
        replace: `    record.sent = false;`,
      },
      { file: document, find: `    for (const record of state.outgoing) record.acked = false;\n`, replace: `` },
    ],
    bug: "An acknowledgement whose entry never came is believed over reconnects and rollbacks.",
    loss: "A relay that acknowledged and then lost a record is never given it again.",
    expect: ["I14", "I3", "I4"],
  },
  {
    id: "number-used-again-after-refusal",
    patches: [
      { file: send, find: `    case "damaged-log": {\n`, replace: `    case "damaged-log": {\n      await takeBack(core);\n` },
      {
        file: send,
        find: `/** An append or restore was refused.`,
        replace: `async function takeBack(core: DocumentCore): Promise<void> {
  const { state, store, keys } = core;
  const [first] = state.outgoing;
  const decoded = first === undefined ? undefined : decodeRecord(first.bytes);
  if (first === undefined || first.n === 1 || decoded?.ok !== true) return;
  for (const record of state.outgoing) store.set(keys.outgoing(record.n), undefined);
  state.outgoing = [];
  state.n = first.n - 1;
  state.prev = decoded.value.header.prev.slice() as typeof state.prev;
  saveMeta(core);
  await rebuildAcked(core);
  recheckUnsent(core);
}

/** An append or restore was refused.`,
      },
    ],
    bug: "A record that the relay could not store is taken apart, and its number is given to another one.",
    loss: "If the relay stored it after all, the device has signed two histories, and its chain ends.",
    expect: ["I6"],
  },
  {
    id: "replica-starts-in-the-middle",
    patches: [
      {
        file: send,
        find: `  state.n = 0;
  state.prev = noRecord;`,
        replace: `  state.prev = noRecord;`,
      },
    ],
    bug: "A new replica goes on counting where the old one ended.",
    loss: "A device whose profile was restored or copied can never send again.",
    expect: ["I14", "I12"],
  },
  {
    id: "new-replica-keeps-old-records",
    patches: [
      {
        file: send,
        find: `  for (const record of state.outgoing) store.set(keys.outgoing(record.n), undefined);
  state.outgoing = [];`,
        replace: ``,
      },
    ],
    bug: "When a replica ends, its records on their way stay among those to be sent.",
    loss: "The device sends refused records for ever and nothing else.",
    expect: ["I14", "I16"],
  },
  {
    id: "new-replica-forgets-the-unsent",
    patches: [
      {
        file: send,
        find: `  saveMeta(core);
  await rebuildAcked(core);
  recheckUnsent(core);
}`,
        replace: `  saveMeta(core);
}`,
      },
    ],
    bug: "When a replica ends, what its unsent records held is not sent in new ones.",
    loss: "Edits of a copied or restored profile never reach anyone, and are shown as synced.",
    expect: ["I3", "I1", "I4"],
  },
  {
    id: "chain-resumed-after-loss",
    patches: [
      {
        file: "packages/peer/src/engine/recovery.ts",
        find: `  await startReplica(core);
  await openChannel(core);
  return false;`,
        replace: `  return true;`,
      },
      { file: "packages/peer/src/engine/receive.ts", find: `  if (copied) await startReplica(core);\n`, replace: `` },
    ],
    bug: "A device that lost its newest storage goes on with the number that it remembers, though the relay knows later ones.",
    loss: "The device signs two histories, and everybody who saw both has to ask which one is true.",
    expect: ["I6", "I12"],
  },
  {
    id: "unsent-forgets-deletions",
    patches: [
      {
        file: unsent,
        find: `  for (const [client, from, to] of unsentDeletes(doc, candidatesOf(doc, acked))) addTo(deletes, client, from, to);\n`,
        replace: ``,
      },
    ],
    bug: "The delete set is left out of what is derived as unsent.",
    loss: "Deleted text stays with everybody else.",
    expect: ["I1", "I3"],
  },
  {
    id: "pending-deletion-not-noticed",
    patches: [{ file: unsent, find: `  for (const _ of unsentDeletes(doc, candidatesOf(doc, acked))) return true;\n`, replace: `` }],
    bug: "When a device starts with nothing but deletions unsent, it believes to have nothing unsent.",
    loss: "A deletion made offline before a restart is never sent.",
    expect: ["I3", "I1", "I4"],
  },
  {
    id: "unsent-not-looked-for-at-start",
    patches: [
      {
        file: document,
        find: `    recheckUnsent(core);
    doc.on("update", onUpdate);`,
        replace: `    doc.on("update", onUpdate);`,
      },
    ],
    bug: "At a start nobody asks whether the document holds something that was never sent.",
    loss: "Work done offline before a restart is shown as synced and sent to nobody.",
    expect: ["I4", "I3", "I1"],
  },
  {
    id: "edit-while-sending-not-marked",
    patches: [
      {
        file: send,
        find: `  state.dirty = true;\n  state.localChanges++;`,
        replace: `  state.dirty ||= state.outgoing.length === 0;\n  state.localChanges++;`,
      },
    ],
    bug: "An edit made while a record is on its way is not marked as unsent.",
    loss: "The last words typed stay on the device, shown as synced, until the next ones.",
    expect: ["I4", "I1", "I3"],
  },
  {
    id: "refused-record-counts-as-sent",
    patches: [
      { file: send, find: `  for (const record of state.outgoing) record.sent = false;\n`, replace: `` },
      // Else what waits for an answer finds it out after half a minute.
      {
        file: send,
        find: `const waits = state.outgoing.includes(record) && record.sent`,
        replace: `const waits = state.refusals === 0 && state.outgoing.includes(record) && record.sent`,
      },
    ],
    bug: "A record that was refused for the moment is not sent again.",
    loss: "After a full disk at the relay a device that is online stays behind.",
    expect: ["I14"],
  },
  {
    id: "settled-with-records-on-their-way",
    patches: [
      {
        file: send,
        find: `missingAtRelay(state) === 0 && state.outgoing.every((record) => record.acked);`,
        replace: `missingAtRelay(state) === 0;`,
      },
      { file: document, find: `isSettled(core) && state.outgoing.length === 0 && (content`, replace: `isSettled(core) && (content` },
    ],
    bug: "A document counts as settled while its records are on their way.",
    loss: "A document closed offline is not looked after at the next start: its last edits stay where they are.",
    expect: ["I14", "I3", "I4"],
  },
  {
    id: "unsettled-not-noted",
    patches: [{ file: createPeer, find: `        await settle(library, docId, true);\n`, replace: `` }],
    bug: "A document that is opened again is not marked unsettled before it can be edited.",
    loss: "Edit offline, close, restart: the edit is not sent until somebody opens the document.",
    expect: ["I14", "I3"],
  },
  {
    id: "let-go-counts-as-settled",
    patches: [
      {
        file: createPeer,
        find: `if (loaded !== undefined && one.document.settled()) await settle(`,
        replace: `if (loaded !== undefined) await settle(`,
      },
    ],
    bug: "Closing a document marks it as settled, whatever is unsent.",
    loss: "Work done offline is not sent after an orderly restart until somebody opens the document.",
    expect: ["I14", "I3"],
  },
  {
    id: "outgoing-row-stays",
    patches: [{ file: send, find: `  store.set(keys.outgoing(record.n), undefined);\n  saveMeta(core);`, replace: `  saveMeta(core);` }],
    bug: "A record that took its place in the log stays among those to be sent on disk.",
    loss: "Storage grows with everything ever sent, and a restarted device never comes to rest.",
    expect: ["I16", "I14"],
  },
  {
    id: "own-number-not-stored",
    patches: [
      {
        file: send,
        find: `  store.set(keys.outgoing(n), sealed.bytes);\n  saveMeta(core);`,
        replace: `  store.set(keys.outgoing(n), sealed.bytes);`,
      },
      {
        file: document,
        find: `    if (state.outgoing.length > 0 && state.outgoing.at(-1)?.n !== state.n) await startReplica(core);\n`,
        replace: ``,
      },
    ],
    bug: "The record is stored before it is sent, but not that its number is taken.",
    loss: "After a crash the device signs a second record with the same number.",
    expect: ["I6", "I12"],
  },
  {
    id: "others-work-counts-as-mine",
    patches: [{ file: send, find: `    state.clients.free(client, identity.device.deviceId);`, replace: `    client >= 0;` }],
    bug: "What is unsent is derived from everybody's edits, not from this device's.",
    loss: "After a rollback of the relay devices sign each other's work as their own.",
    expect: ["I11", "I12"],
  },
  {
    id: "backoff-after-store-failure-lost",
    patches: [
      { file: document, find: `      core.later(backoffDelayMs(retryBackoff, storeFailures++, env.random), () => {});\n`, replace: `` },
    ],
    bug: "A failed write of the device's store is not tried again by itself.",
    loss: "When the device's disk has room again, nothing is sent until the next edit.",
    expect: ["I14", "I4"],
  },
  {
    id: "reopen-not-scheduled",
    patches: [
      {
        file: reopen,
        find: `if (state.session === session) await openChannel(core);`,
        replace: `if (state.session !== session) await openChannel(core);`,
      },
    ],
    bug: "A document whose channel was let go is not opened again while the connection lives.",
    loss: "One wrong answer, and the document is cut off until the network fails.",
    expect: ["I14"],
  },
  {
    id: "saved-ignores-the-content-store",
    patches: [{ file: saved, find: `facts.contentPending > 0 || facts.storage !== "ok"`, replace: `facts.storage !== "ok"` }],
    bug: `"Saved on this device" does not wait for the store's answer.`,
    loss: "Close the lid now, and what was shown as saved is gone.",
    expect: ["I4"],
  },
  {
    id: "saved-ignores-the-unsealed",
    patches: [
      { file: saved, find: `!facts.loaded || facts.dirty || facts.unacknowledged`, replace: `!facts.loaded || facts.unacknowledged` },
    ],
    bug: `"Synced" counts sealed records only, and not the edits that none holds yet.`,
    loss: `Everything typed offline is shown as synced.`,
    expect: ["I4"],
  },
  {
    id: "saved-ignores-the-unacknowledged",
    patches: [{ file: saved, find: `facts.dirty || facts.unacknowledged > 0 ||`, replace: `facts.dirty ||` }],
    bug: `"Synced" is shown when the record is sent, not when it is acknowledged.`,
    loss: "Leave the train tunnel too late, and nobody has what was shown as synced.",
    expect: ["I4"],
  },
  {
    id: "saved-ignores-what-the-relay-lost",
    patches: [{ file: saved, find: `facts.unacknowledged > 0 || facts.missingAtRelay > 0`, replace: `facts.unacknowledged > 0` }],
    bug: "After a rollback of the relay everything is shown as synced, though it has not been handed back.",
    loss: "Throw the device away after such a promise, and the work is gone.",
    expect: ["I4"],
  },
  {
    id: "saved-follows-the-socket",
    patches: [
      { file: document, find: `        dirty: state.dirty,\n`, replace: `        dirty: state.dirty && state.session === undefined,\n` },
      {
        file: document,
        find: `unacknowledged: state.outgoing.filter((record) => !record.acked && record.snapshot === undefined).length,`,
        replace: `unacknowledged: state.session === undefined ? state.outgoing.length : 0,`,
      },
    ],
    bug: `"Synced" is derived from the connection being up.`,
    loss: "Whatever the relay refuses or loses on the way is shown as synced.",
    expect: ["I4"],
  },
  {
    id: "relay-counts-as-another-device",
    patches: [
      {
        file: "packages/peer/src/engine/receive.ts",
        find: `  state.relaySeq = Math.max(state.relaySeq, head.seq);
  if (head.seq > 0`,
        replace: `  state.relaySeq = Math.max(state.relaySeq, head.seq);
  state.othersSeq = Math.max(state.othersSeq, head.seq);
  if (head.seq > 0`,
      },
    ],
    bug: `"On other devices too" is shown when only the relay has it.`,
    loss: "People delete their copy believing that a colleague has one.",
    expect: ["I4"],
  },
];
