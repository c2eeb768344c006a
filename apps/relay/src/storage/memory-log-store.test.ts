import { expect, test } from "vitest";
import { deviceIdOf, docIdOf, headAfter, noteOf, replicaIdOf, run, wholeLog } from "./author.test-support.ts";
import { describeLogStore, rejectsWith } from "./log-store.test-conformance.ts";
import { createMemoryDisk, openMemoryLogStore } from "./memory-log-store.ts";

describeLogStore("memory", async () => {
  const disk = createMemoryDisk();
  return { open: () => openMemoryLogStore(disk), dispose: async () => undefined };
});

const alpha = docIdOf("alpha");
const ana = replicaIdOf("ana");

test("ST-9 a failure on command fails every write until recovery; what surfaces then conflicts with its resend", async () => {
  for (const surfaces of [false, true]) {
    const disk = createMemoryDisk();
    const store = await openMemoryLogStore(disk);
    const [first, second] = run(alpha, ana, 2);
    if (first === undefined || second === undefined) throw new Error("no append");
    await store.append([first]);
    disk.failNext("full", { surfaces });
    await rejectsWith(store.append([second]), "full");
    await rejectsWith(store.append([second]), "full");
    expect((await store.info(alpha))?.head).toEqual(headAfter(first));
    disk.recover();
    expect((await wholeLog(store, alpha)).seq).toBe(surfaces ? 2 : 1);
    if (surfaces) await rejectsWith(store.append([second]), "conflict");
    else await store.append([second]);
    await store.close();
  }
});

test("LG-5 damage on command is reported with document and sequence number, other documents are served", async () => {
  const disk = createMemoryDisk();
  const store = await openMemoryLogStore(disk);
  await store.append([...run(alpha, ana, 5), ...run(docIdOf("beta"), ana, 1)]);
  disk.damage(alpha, 3);
  await expect(store.read(alpha, 1, 10, 1e6)).rejects.toMatchObject({ code: "damaged", seq: 3, docId: alpha });
  expect(await store.read(alpha, 4, 10, 1e6)).toHaveLength(2);
  expect((await wholeLog(store, docIdOf("beta"))).seq).toBe(1);
  await rejectsWith(openMemoryLogStore(disk), "locked");
  await store.close();
});

test("ST-9 ST-19 a note whose write fails on command is the one before until recovery, then it or the new one; a damaged one is nobody else's", async () => {
  const [kit, other] = [deviceIdOf("kit"), deviceIdOf("other")];
  for (const surfaces of [false, true]) {
    const disk = createMemoryDisk();
    const store = await openMemoryLogStore(disk);
    await store.putNote(kit, noteOf("kit", 1));
    await store.putNote(other, noteOf("other", 1));
    disk.failNext("full", { surfaces });
    await rejectsWith(store.putNote(kit, noteOf("kit", 2)), "full");
    await rejectsWith(store.deleteNote(kit), "full");
    expect(await store.note(kit)).toEqual(noteOf("kit", 1));
    disk.recover();
    expect(await store.note(kit)).toEqual(noteOf("kit", surfaces ? 2 : 1));
    disk.damageNote(kit);
    await rejectsWith(store.note(kit), "damaged");
    expect(await store.note(other)).toEqual(noteOf("other", 1));
    await store.putNote(kit, noteOf("kit", 3));
    expect(await store.note(kit)).toEqual(noteOf("kit", 3));
    await store.close();
  }
});
