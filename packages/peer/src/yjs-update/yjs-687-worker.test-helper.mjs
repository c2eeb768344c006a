// Hands hostile bytes to Yjs as they are, in a thread that is killed when it hangs.
import { parentPort, workerData } from "node:worker_threads";
import * as Y from "yjs";

const { call, update } = workerData;
parentPort.postMessage("ready");
try {
  if (call === "mergeUpdatesV2") Y.mergeUpdatesV2([Y.encodeStateAsUpdateV2(new Y.Doc()), update]);
  else if (call === "delete") {
    // Nested types, then the deletion of the outermost.
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update);
    doc.getArray("root").delete(0, 1);
  } else Y.applyUpdate(new Y.Doc(), update);
  parentPort.postMessage("done");
} catch (error) {
  parentPort.postMessage(`threw ${error.name}`);
}
