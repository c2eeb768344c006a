// Applies accepted updates with real Yjs, in a thread that can be killed when one hangs. Posts one report for each batch.
import { parentPort, workerData } from "node:worker_threads";
import * as Y from "yjs";

const progress = new Int32Array(workerData);

parentPort.on("message", ({ cases }) => {
  const failures = [];
  let slowestMs = 0;
  for (const [index, { before, update, after }] of cases.entries()) {
    Atomics.store(progress, 0, index);
    const started = performance.now();
    try {
      for (const gc of [true, false]) {
        const doc = new Y.Doc({ gc });
        for (const known of before) Y.applyUpdate(doc, known);
        Y.applyUpdate(doc, update);
        for (const known of after) Y.applyUpdate(doc, known);
        // What a peer does next: it stores, answers and compares.
        Y.applyUpdate(new Y.Doc({ gc }), Y.encodeStateAsUpdate(doc));
        Y.encodeSnapshot(Y.snapshot(doc));
      }
    } catch (error) {
      failures.push({ index, message: String(error.stack ?? error) });
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
  Atomics.store(progress, 0, cases.length);
  parentPort.postMessage({ failures, slowestMs });
});
