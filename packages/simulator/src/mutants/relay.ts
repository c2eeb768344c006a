/** Bugs of the relay: its order, its durability, its heads, what it tells its channels. */
import type { Mutant } from "./mutant.ts";

const document = "apps/relay/src/document.ts";
const channel = "apps/relay/src/channel.ts";
const logStore = "apps/relay/src/storage/engine-log-store.ts";
const database = "apps/relay/src/storage/level-database.ts";

export const relayMutants: readonly Mutant[] = [
  {
    id: "ack-before-fsync",
    patches: [
      {
        file: document,
        find: `    store.append(batch.map(toLogAppend)).then(
      () => guarded(() => committed(batch)),
      (error: unknown) => guarded(() => failed(batch, error)),
    );`,
        replace: `    store.append(batch.map(toLogAppend)).catch((error: unknown) => env.storeFailed(error));
    void Promise.resolve().then(() => guarded(() => committed(batch)));`,
      },
    ],
    bug: "Records are acknowledged and fanned out when the write begins, not when it is on disk.",
    loss: "Work that was shown as synced is gone after a crash or a full disk of the relay.",
    expect: ["I2", "I4", "I5", "I12"],
  },
  {
    id: "fsync-left-out",
    patches: [{ file: database, find: `await batch.write({ sync });`, replace: `await batch.write({ sync: false });` }],
    bug: "The relay's batches are written without fsync.",
    loss: "A power cut at the relay takes acknowledged work with it.",
    expect: ["I2", "I12"],
  },
  {
    id: "group-resolved-early",
    patches: [
      {
        file: logStore,
        find: `    try {
      await database.write(rowsOf(accepted, known));`,
        replace: `    for (const job of accepted) job.resolve();
    try {
      await database.write(rowsOf(accepted, known));`,
      },
    ],
    bug: "Group commit tells its callers that it is done before the group is written.",
    loss: "Acknowledged work that a failed write or a crash never stored.",
    expect: ["I2", "I4", "I5", "I12"],
  },
  {
    id: "order-not-rolled-back",
    patches: [
      {
        file: document,
        find: `    queued = [];
    tentative = durable;
    tentativeSpaceId = spaceId;
    chains.rollBack();`,
        replace: `    queued = [];
    tentativeSpaceId = spaceId;
    chains.rollBack();`,
      },
    ],
    bug: "After a failed write the order of the log goes on from the entries that were never stored.",
    loss: "A document that nobody can write to any more once the relay's disk failed for a moment.",
    expect: ["I14", "I5"],
  },
  {
    id: "unknown-outcome-forgotten",
    patches: [
      { file: document, find: `    if (hasUnknownOutcome(error)) becomeStale();\n`, replace: `` },
      { file: "apps/relay/src/relay.ts", find: `  store.onRecovery(documents.recheck);\n`, replace: `` },
    ],
    bug: "A failed write counts as not written, though it may have reached the disk.",
    loss: "A document that refuses every record once such a write came to light.",
    expect: ["I14", "I5", "I7"],
  },
  {
    id: "no-second-look-after-recovery",
    patches: [{ file: "apps/relay/src/relay.ts", find: `  store.onRecovery(documents.recheck);\n`, replace: `` }],
    bug: "A document that was loaded while the store failed does not look again when the store works.",
    loss: "An entry that the failed write left is shown to nobody until somebody writes the next one.",
    expect: ["I14", "I12"],
  },
  {
    id: "surfaced-entries-not-told",
    patches: [{ file: document, find: `    for (const user of users) user.fellBehind();\n`, replace: `` }],
    bug: "Entries that come to light when the disk recovers are not sent to those who are connected.",
    loss: "Others' work arrives late, and an honest relay is accused of a broken chain.",
    expect: ["I12", "I14"],
  },
  {
    id: "duplicate-appended-again",
    patches: [
      {
        file: "apps/relay/src/admission.ts",
        find: `  if (header.n <= chain.durableN) return { kind: "stored" };`,
        replace: `  if (header.n <= chain.durableN) return { kind: "append" };`,
      },
      {
        file: "apps/relay/src/storage/append-plan.ts",
        find: `if (append.n !== (tail?.n ?? 0) + 1)`,
        replace: `if (append.n > (tail?.n ?? 0) + 1)`,
      },
    ],
    bug: "A record that is sent again after a lost acknowledgement is appended again.",
    loss: "The same work twice in the log, and authors accused of forks.",
    expect: ["I7", "I12", "I6"],
  },
  {
    id: "head-signed-over-the-unwritten",
    patches: [
      {
        file: document,
        find: `signHead(env.identity, { docId, seq: durable.seq, chainHash: durable.chainHash, timeMs })`,
        replace: `signHead(env.identity, { docId, seq: tentative.seq, chainHash: tentative.chainHash, timeMs })`,
      },
    ],
    bug: "The relay signs heads over entries that are not durable yet.",
    loss: "False alarms, and after a failed write two signed heads that contradict each other.",
    expect: ["I12", "I5"],
  },
  {
    id: "head-signed-too-seldom",
    patches: [{ file: document, find: `signed === undefined || signed.seq !== durable.seq ||`, replace: `signed === undefined ||` }],
    bug: "The signed head is reused within five seconds although the log has grown.",
    loss: "Devices are told an old head when they have caught up, and accuse the relay.",
    expect: ["I12", "I14"],
  },
  {
    id: "page-skips-an-entry",
    patches: [
      {
        file: channel,
        find: `if (sink.offer([page.message], number)) sentSeq = page.upTo;`,
        replace: `if (sink.offer([page.message], number)) sentSeq = page.upTo < document.head().seq ? page.upTo + 1 : page.upTo;`,
      },
    ],
    bug: "While catching up, the entry between two pages is left out.",
    loss: "Long catch-ups stumble, and accuse an honest relay of a broken chain.",
    expect: ["I12", "I14"],
  },
  {
    id: "fell-behind-skips-entries",
    patches: [
      {
        file: channel,
        find: `        return;
      }
      readOn();
    }`,
        replace: `        return;
      }
      sentSeq = commit.from + commit.entries.length - 1;
      readOn();
    }`,
      },
    ],
    bug: "A channel that falls behind goes on reading after the entries that it dropped.",
    loss: "Devices on slow links miss others' work until they reconnect.",
    expect: ["I12", "I14"],
  },
  {
    id: "ack-out-of-place",
    patches: [
      {
        file: channel,
        find: `        flush();
        acked(committed);`,
        replace: `        acked(committed);`,
      },
    ],
    bug: "An author's acknowledgements overtake others' entries of the same batch.",
    loss: "Entries counted at the wrong place, and false alarms, when several people type at once.",
    expect: ["I12", "I14", "I1"],
  },
  {
    id: "tail-row-left-out",
    patches: [
      {
        file: logStore,
        find: `if (!once.has(replicaKey)) rows.push(`,
        replace: `if (!once.has(replicaKey) && n === 1) rows.push(`,
      },
    ],
    bug: "Only the first tail of a replica is written.",
    loss: "After a restart of the relay its devices can't write to the document any more.",
    expect: ["I14", "I2"],
  },
  {
    id: "head-row-once",
    patches: [{ file: logStore, find: `if (!once.has(docKey)) rows.push(`, replace: `if (!once.has(docKey) && seq === 1) rows.push(` }],
    bug: "A document's head is written with its first entry only.",
    loss: "After a restart of the relay the whole document counts as damaged.",
    expect: ["I14", "I2", "I5"],
  },
  {
    id: "cache-survives-recovery",
    patches: [
      {
        file: logStore,
        find: `      generation++;
      heads.clear();
      tails.clear();`,
        replace: `      generation++;`,
      },
    ],
    bug: "Heads and tails cached before a failed write are trusted after the disk recovered.",
    loss: "An entry that came to light is overwritten by the next one.",
    expect: ["I5", "I14", "I2", "I12"],
  },
  {
    id: "failed-handle-written-again",
    patches: [
      {
        file: database,
        find: `        failure = toStoreError(error);
        report({ type: "write-failed", error: failure });
        retryLater(backoffFirstMs);
        throw failure;`,
        replace: `        throw toStoreError(error);`,
      },
    ],
    bug: "A LevelDB handle whose write failed goes on being used.",
    loss: "The relay refuses every write after a full disk, or loses what it acknowledged after a torn one.",
    expect: ["I2", "I14", "I12"],
  },
  {
    id: "refusal-swallowed",
    patches: [
      {
        file: document,
        find: `for (const append of pending.appends) answerRefused(append, refusal(pending.n, code, pending.chain));`,
        replace: `for (const append of pending.appends) append.done();`,
      },
      // Else what waits for an answer finds it out after half a minute (PE-14).
      {
        file: "packages/peer/src/engine/send.ts",
        find: `const waits = state.outgoing.includes(record) && record.sent`,
        replace: `const waits = state.refusals < 0 && state.outgoing.includes(record) && record.sent`,
      },
    ],
    bug: "Records of a failed write are dropped without an answer.",
    loss: "Work stays unsent on a device that is online, until it happens to reconnect.",
    expect: ["I14"],
  },
  {
    id: "relay-key-renewed",
    patches: [
      {
        file: "apps/relay/src/relay.ts",
        find: `  if (stored === undefined) {
    const identity`,
        replace: `  if (stored === undefined || stored.length > 0) {
    const identity`,
      },
    ],
    bug: "The relay makes a new key at every start.",
    loss: "Every restart looks like another relay, so a real one would go unnoticed.",
    expect: ["I12"],
  },
  {
    id: "restore-takes-one-record",
    patches: [
      {
        file: document,
        find: `      if (job.refusal !== undefined || gone) break;`,
        replace: `      if (job.refusal !== undefined || gone || job.admitted > 0) break;`,
      },
    ],
    bug: "Of the records that a device hands back, the first one is taken and the rest dropped, and all of them confirmed.",
    loss: "After a rollback of the relay acknowledged work stays lost.",
    expect: ["I2", "I14"],
  },
];
