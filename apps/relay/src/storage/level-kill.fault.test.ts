import { bytesEqual } from "@skerry/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogStore } from "../log-store.ts";
import { docIdOf, recordOf, replicaIdOf, wholeLog } from "./author.test-support.ts";
import { realClock } from "./clock.test-support.ts";
import { makeFolder, removeFolder, seeded, startChild } from "./faults.test-support.ts";
import { openLevelLogStore } from "./level-log-store.ts";

const rounds = 10;
const writers = 8;
const documents = 3;
let folder: string;

beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => removeFolder(folder));

interface Ack {
  readonly doc: number;
  readonly writer: number;
  readonly n: number;
  readonly seq: number;
}

/** Kills the child with -9 after `ackCount` acks; resolves to all that it managed to print. */
async function appendUntilKilled(ackCount: number): Promise<Ack[]> {
  const child = startChild("./append-until-killed.test-child.ts", [folder, String(writers), String(documents)]);
  const acks: Ack[] = [];
  for await (const line of child.lines) {
    const [doc, writer, n, seq] = line.split(" ").map(Number);
    // A line is written to the pipe whole or not at all (it is shorter than PIPE_BUF).
    if (doc === undefined || writer === undefined || n === undefined || !seq) continue;
    acks.push({ doc, writer, n, seq });
    if (acks.length === ackCount) child.process.kill("SIGKILL");
  }
  expect(await child.exit).toBe("SIGKILL");
  return acks;
}

async function expectAcked(store: LogStore, acks: readonly Ack[]): Promise<void> {
  for (const { doc, writer, n, seq } of acks) {
    expect(await store.find(docIdOf(`killed ${doc}`), replicaIdOf(`writer ${writer}`), n)).toMatchObject({ seq });
  }
}

test("ST-10 LG-3 every ack survives kill -9, ten times over: dense, chained, exactly once", { timeout: 120_000 }, async () => {
  const seed = Number(process.env["SKERRY_TEST_SEED"] ?? 1120);
  const random = seeded(seed);
  const acks: Ack[] = [];
  for (let round = 0; round < rounds; round++) {
    const news = await appendUntilKilled(1 + random(300));
    acks.push(...news);
    const store = await openLevelLogStore({ folder, clock: realClock });
    try {
      await expectAcked(store, news);
    } finally {
      await store.close();
    }
  }
  const store = await openLevelLogStore({ folder, clock: realClock });
  try {
    await expectAcked(store, acks);
    let stored = 0;
    let counted = 0;
    for (let doc = 0; doc < documents; doc++) {
      const docId = docIdOf(`killed ${doc}`);
      const { seq, records } = await wholeLog(store, docId);
      stored += seq;
      expect(new Set(records).size).toBe(seq);
      for (let writer = 0; writer < writers; writer++) counted += await expectChain(store, doc, writer, records);
    }
    expect(counted).toBe(stored);
    expect(stored).toBeGreaterThanOrEqual(acks.length);
  } finally {
    await store.close();
  }
});

/** Every record of the writer stands once, where the index says, with its bytes. Resolves to their number. */
async function expectChain(store: LogStore, doc: number, writer: number, records: readonly string[]): Promise<number> {
  const docId = docIdOf(`killed ${doc}`);
  const replicaId = replicaIdOf(`writer ${writer}`);
  const last = (await store.tail(docId, replicaId))?.n ?? 0;
  for (let n = 1; n <= last; n++) {
    const found = await store.find(docId, replicaId, n);
    const record = Buffer.from(records[(found?.seq ?? 0) - 1] ?? "", "hex");
    expect(bytesEqual(record, recordOf(replicaId, n))).toBe(true);
  }
  return last;
}
