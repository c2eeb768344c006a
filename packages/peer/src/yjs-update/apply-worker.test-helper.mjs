// Applies accepted updates with real Yjs, in a thread that can be killed when one hangs. Posts one report for each batch.
import { parentPort, workerData } from "node:worker_threads";
import * as Y from "yjs";

const progress = new Int32Array(workerData);

function applyAll(before, collecting, keeping) {
  for (const gc of [true, false]) {
    const doc = new Y.Doc({ gc });
    for (const known of before) Y.applyUpdate(doc, known);
    Y.applyUpdate(doc, gc ? collecting : keeping);
    // What a peer does next: it stores, answers and compares.
    Y.applyUpdate(new Y.Doc({ gc }), Y.encodeStateAsUpdate(doc));
    Y.encodeSnapshot(Y.snapshot(doc));
  }
}

parentPort.on("message", ({ cases }) => {
  const failures = [];
  let slowestMs = 0;
  for (const [index, { before, collecting, keeping }] of cases.entries()) {
    Atomics.store(progress, 0, index);
    let quickestMs = Infinity;
    // The best of a few: on a busy machine a single run measures the others.
    for (let round = 0; round < 5 && quickestMs > 50; round++) {
      const started = performance.now();
      try {
        applyAll(before, collecting, keeping);
      } catch (error) {
        failures.push({ index, message: String(error.stack ?? error) });
      }
      quickestMs = Math.min(quickestMs, performance.now() - started);
    }
    slowestMs = Math.max(slowestMs, quickestMs);
  }
  Atomics.store(progress, 0, cases.length);
  parentPort.postMessage({ failures, slowestMs });
});
