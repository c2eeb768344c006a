/** Child process of the kill test: several writers append for ever; each ack goes to stdout as soon as it is there. */
import { writeSync } from "node:fs";
import { LogStoreError } from "../log-store.ts";
import { appendAfter, docIdOf, recordOf, replicaIdOf } from "./author.test-support.ts";
import { realClock } from "./clock.test-support.ts";
import { openLevelLogStore } from "./level-log-store.ts";

const [folder = "", writers = "1", documents = "1"] = process.argv.slice(2);
const store = await openLevelLogStore({ folder, clock: realClock });

async function writeForEver(writer: number): Promise<void> {
  const replicaId = replicaIdOf(`writer ${writer}`);
  for (let round = writer; ; round++) {
    const name = `killed ${round % Number(documents)}`;
    const docId = docIdOf(name);
    const info = await store.info(docId);
    const n = ((await store.tail(docId, replicaId))?.n ?? 0) + 1;
    const append = appendAfter(info?.head, { docId, replicaId, n, record: recordOf(replicaId, n) });
    try {
      await store.append([append]);
      writeSync(1, `${round % Number(documents)} ${writer} ${n} ${append.seq}\n`);
    } catch (error) {
      if (!(error instanceof LogStoreError) || error.code !== "conflict") throw error;
    }
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => writeForEver(writer)));
