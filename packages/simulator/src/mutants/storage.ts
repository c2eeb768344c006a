/** Bugs of a device's stores and editors: what is on disk when, and whose edits get there. */
import type { Mutant } from "./mutant.ts";

const idbKv = "packages/peer/src/browser/idb-kv.ts";
const idbContent = "packages/peer/src/browser/idb-content.ts";
const load = "packages/peer/src/engine/load.ts";

export const storageMutants: readonly Mutant[] = [
  {
    id: "relaxed-durability",
    patches: [
      {
        file: idbKv,
        find: `  const tx = db.transaction([kvStore, hostStore], "readwrite", { durability: "strict" });`,
        replace: `  const tx = db.transaction([kvStore, hostStore], "readwrite", { durability: "relaxed" });`,
      },
    ],
    bug: "The device's store says that it has written what the system still holds in memory.",
    loss: "A power cut, and the device signs a second record with a number that it has used.",
    expect: ["I6", "I3", "I12"],
  },
  {
    id: "relaxed-content",
    patches: [
      {
        file: "packages/peer/src/browser/sealed-database.ts",
        find: `const tx = db.transaction([updatesStore], "readwrite", { durability: "strict" });`,
        replace: `const tx = db.transaction([updatesStore], "readwrite", { durability: "relaxed" });`,
      },
    ],
    bug: `"Saved on this device" is said of what the system still holds in memory.`,
    loss: "A power cut takes offline work with it that was shown as saved.",
    expect: ["I3", "I4"],
  },
  {
    id: "fence-not-checked",
    patches: [{ file: idbKv, find: `replaced = request.result !== fence;`, replace: `replaced = request.result === undefined;` }],
    bug: "A worker that was replaced may still write when it wakes up.",
    loss: "Two workers number their records alike, and one of them is thrown out.",
    expect: ["I6"],
  },
  {
    id: "overtaken-leader-does-not-begin-again",
    patches: [{ file: idbKv, find: `      replaced = true;\n      onReplaced();\n`, replace: `      replaced = true;\n` }],
    bug: "The worker that leads does not notice that a former one, stopped amid opening, took the store from it.",
    loss: "Nothing is saved any more until the browser is started again.",
    expect: ["I14"],
  },
  {
    id: "failed-content-write-forgotten",
    patches: [{ file: idbContent, find: `    missing += updates + backlog.length;`, replace: `    missing += backlog.length;` }],
    bug: "An update whose transaction failed is not written again.",
    loss: "After a moment without room an offline edit is shown as saved, and gone after a restart.",
    expect: ["I3", "I4"],
  },
  {
    id: "rows-deleted-before-the-whole-is-written",
    patches: [
      {
        file: "packages/peer/src/browser/sealed-persistence.ts",
        find: `    storeWhole: () => inTime(parts.clock, idbLimits.openMs, attempt(storeState(persistence, true), sealed), "writing content"),`,
        replace: `    storeWhole: async () => {
      const tx = raw.transaction([updatesStore], "readwrite", { durability: "strict" });
      const cleared = completion(tx);
      tx.objectStore(updatesStore).clear();
      tx.commit();
      await cleared;
      await inTime(parts.clock, idbLimits.openMs, attempt(storeState(persistence, true), sealed), "writing content");
    },`,
      },
    ],
    bug: "Compaction deletes a document's rows, and writes the one that replaces them afterwards.",
    loss: "A crash in between takes all offline work with it.",
    expect: ["I3", "I4"],
  },
  {
    id: "content-never-compacted",
    patches: [
      { file: idbContent, find: `    else if (rows > idbContentLimits.rowsAtLoadMax) await compact();\n`, replace: `` },
      {
        file: idbContent,
        find: `        if (session !== undefined && session.rows() >= idbContentLimits.rowsMax) void compact();\n`,
        replace: ``,
      },
    ],
    bug: "The rows of a document's content are never made one.",
    loss: "Every keystroke ever typed is read again at each start, which takes longer and longer.",
    expect: ["I16"],
  },
  {
    id: "backlog-forgotten",
    patches: [{ file: idbContent, find: `backlog.push(update);`, replace: `backlog.length = 0;` }],
    bug: "Updates beyond thirty-two transactions under way are not written.",
    loss: "Fast typing on a slow disk, offline, is gone after a restart.",
    expect: ["I3", "I4"],
  },
  {
    id: "failed-commit-forgotten",
    patches: [
      {
        file: "packages/peer/src/engine/write-behind.ts",
        find: `      await kv.write(batch);`,
        replace: `      pending.clear();
      pendingBytes = 0;
      await kv.write(batch);`,
      },
    ],
    bug: "Changes of a commit that failed are not written with the next one.",
    loss: "Holes in this device's copy of the log, and records that it sent and does not remember.",
    expect: ["I6", "I3", "I2", "I12", "I14"],
  },
  {
    id: "mark-runs-ahead-of-the-content",
    patches: [
      {
        file: "packages/peer/src/engine/meta.ts",
        find: `      contentSeq: state.contentSeq,`,
        replace: `      contentSeq: state.cursor.seq,`,
      },
    ],
    bug: "The mark of what the content store has moves with the cursor, not with a flush.",
    loss: "A crash between two writes leaves a document without others' words, for good.",
    expect: ["I1", "I3"],
  },
  {
    id: "records-on-their-way-not-applied-at-start",
    patches: [{ file: load, find: `    contents.push({ update, summary: record.summary });\n`, replace: `` }],
    bug: "At a start own records that are on their way are not applied to the document.",
    loss: "If the content store had failed, the author alone does not see their own words.",
    expect: ["I1", "I3"],
  },
  {
    id: "open-tabs-do-not-hear-each-other",
    patches: [
      {
        file: "packages/peer/src/editor/hub.ts",
        find: `    for (const editor of [...editors]) if (editor !== origin) send(editor, message);`,
        replace: `    if (editors.has(origin as Editor)) return;
    for (const editor of [...editors]) send(editor, message);`,
      },
    ],
    bug: "What is typed in one tab is not shown in the others of the same device.",
    loss: "Two tabs of one person show two documents.",
    expect: ["I1"],
  },
  {
    id: "pending-counts-as-stored",
    patches: [
      {
        file: "packages/peer/src/engine/meta.ts",
        find: `  pendingFrom === undefined ? cursor.seq : Math.min(cursor.seq, pendingFrom - 1);`,
        replace: `  pendingFrom === undefined ? cursor.seq : cursor.seq;`,
      },
    ],
    bug: "What Yjs holds back until what it depends on arrives counts as stored, though no store was given it.",
    loss: "One record is late, its reader restarts, and everything that others wrote upon it is missing there for good.",
    expect: ["I1", "I14"],
  },
  {
    id: "deletions-lost-at-load",
    patches: [
      {
        file: "packages/peer/src/engine/load.ts",
        find: `    if (entry.seq > state.contentSeq) contents.push(opened);`,
        replace: `    if (entry.seq > state.contentSeq && !opened.summary.empty && opened.summary.structCount > 0) contents.push(opened);`,
      },
    ],
    bug: "Entries that hold nothing but deletions are not applied again at a start.",
    loss: "Deleted text comes back after a crash, on one device only.",
    expect: ["I1"],
  },
];
