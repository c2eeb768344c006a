/**
 * The careful cheat: a relay that uses its own key to sign a history of its making, with dense numbers and chain hashes that fit. What betrays it are the
 * records themselves, what the peer saw before, and what other peers saw.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importRelayIdentity } from "@skerry/crypto/verify";
import type { RelayIdentity } from "@skerry/crypto/verify";
import { bytesEqual, bytesFromText, decodeRecord, docIdFromText } from "@skerry/protocol";
import type { DeviceId } from "@skerry/protocol";
import type { Alarm } from "@skerry/peer";
import { systemClock } from "@skerry/relay";
import { byDevice, createForgery, edits } from "@skerry/simulator";
import type { Edit, Forgery } from "@skerry/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openLevelLogStore } from "../../apps/relay/src/storage/level-log-store.ts";
import { until } from "../support/wait.ts";
import { createStage, expectWhole, isSettled, reconnect, wordsOf } from "./stage.ts";
import type { Stage, Writer } from "./stage.ts";

let stage: Stage;
let identity: RelayIdentity;
beforeAll(async () => {
  stage = await createStage();
  identity = await stolenIdentity(stage.relay().folder);
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

/** The relay's signing key, out of a copy of its folder. */
async function stolenIdentity(folder: string): Promise<RelayIdentity> {
  const copy = mkdtempSync(path.join(tmpdir(), "skerry-stolen-"));
  try {
    cpSync(folder, copy, { recursive: true });
    const store = await openLevelLogStore({ folder: copy, clock: systemClock });
    const bytes = await store.getMeta("relay-identity");
    await store.close();
    const stolen = importRelayIdentity(bytes ?? new Uint8Array());
    if (!stolen.ok) throw new Error(stolen.error);
    return stolen.value;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

type Kind = Alarm["kind"];
const names = (writer: Writer, ...kinds: readonly Kind[]): boolean => writer.kinds().some((kind) => kinds.includes(kind));
const deviceOf = async ({ peer }: Writer): Promise<DeviceId> => {
  const bytes = bytesFromText((await peer.profile()).deviceId);
  if (!bytes.ok) throw new Error(bytes.error);
  return bytes.value as DeviceId;
};

/** Ana writes three words more, each a record of its own: entries 3, 4 and 5. */
async function writeThree(ana: Writer): Promise<void> {
  for (const word of ["one ", "two ", "three "]) await ana.write(word);
}

/** Of the entry's record: a bit in the middle of the sealed part. */
const flipSealed =
  (seq: number): Edit =>
  (log, docId) => {
    const record = log[seq - 1]?.record;
    const decoded = record === undefined ? undefined : decodeRecord(record);
    if (record === undefined || decoded?.ok !== true) return log;
    return edits.flipRecordBit(seq, (record.length - 64 - 20) * 8)(log, docId);
  };

const flipSigned =
  (seq: number): Edit =>
  (log, docId) => {
    const record = log[seq - 1]?.record;
    return record === undefined ? log : edits.flipRecordBit(seq, (record.length - 20) * 8)(log, docId);
  };

const cheats: readonly { readonly what: string; readonly edit: Edit; readonly kinds: readonly Kind[] }[] = [
  { what: "RC-2 alters a sealed record", edit: flipSealed(3), kinds: ["bad-signature"] },
  { what: "RC-2 alters the signature of the last record", edit: flipSigned(5), kinds: ["bad-signature"] },
  { what: "VF-2 leaves a record out", edit: edits.drop(3), kinds: ["bad-chain"] },
  { what: "VF-2 exchanges two records", edit: edits.swap(3), kinds: ["bad-chain", "author-fork"] },
  { what: "VF-2 shows a record a second time", edit: edits.replay(2, 3), kinds: ["bad-chain", "author-fork"] },
];

describe("a relay that signs a history of its own", () => {
  for (const { what, edit, kinds } of cheats) {
    for (const mode of ["live", "while catching up"] as const) {
      test(`${what}, ${mode}`, async () => {
        const { ana, ben } = await stage.together();
        const { tamper } = createForgery({ identity, edit });
        if (mode === "live") {
          reconnect([ben], tamper);
          await until("ben is back", () => ben.proxy.stats.changedDown > 0);
          await writeThree(ana);
        } else {
          await writeThree(ana);
          await until("ben has it all", () => ben.status().seq === 5);
        }
        // To whoever saw the truth before, the forged past is a fork; to a newcomer only the records betray it.
        const eve = mode === "live" ? ben : await newcomer(ana, tamper);
        await until(`${eve.name} names it`, () => names(eve, ...kinds));
        for (const word of wordsOf(eve.text())) expect(["begun", "one", "two", "three"]).toContain(word);
        await eve.keep("local ");
        expect(eve.proxy.stats.changedDown).toBeGreaterThan(0);
        reconnect([ben, eve]);
        await expectWhole(stage, [...new Set([ana, ben, eve])], ["begun", "one", "two", "three", "local"]);
        // What an honest peer hears of the false history, from the heads that others name, is that there is one.
        for (const writer of [ana, ben]) if (writer !== eve) expect(writer.kinds().filter((kind) => kind !== "fork")).toEqual([]);
      });
    }
  }

  test("VF-2 splices a record of another document in", async () => {
    const { ana, ben } = await stage.together();
    const otherId = await ana.peer.createDocument();
    const other = await stage.open(ana, otherId);
    await until("it is at the relay", () => other.status().seq === 1);
    await other.write("a word of another document ");
    const id = docIdFromText(otherId);
    const foreign = id.ok ? ana.proxy.logs.entry(id.value, 2) : undefined;
    if (foreign === undefined) throw new Error("no entry to splice");
    const { tamper } = createForgery({ identity, edit: edits.splice(foreign, 2) });
    reconnect([ben], tamper);
    await ana.write("one ");
    await until("ben names it", () => names(ben, "malformed", "fork", "rollback"));
    expect(ben.text()).not.toContain("another");
    await ben.keep("local ");
    other.editor.close();
    reconnect([ben]);
    await expectWhole(stage, [ana, ben], ["begun", "one", "local"]);
  });

  test("VF-8 shows two histories to two peers: named as soon as their views meet, and nothing is lost", async () => {
    const { ana, ben } = await stage.together();
    const anasDevice = await deviceOf(ana);
    const fork: Readonly<Record<"ana" | "ben", Forgery>> = {
      ana: createForgery({ identity, swallowAppends: true }),
      ben: createForgery({ identity, swallowAppends: true }),
    };
    const tamper = byDevice((device) => (bytesEqual(device, anasDevice) ? fork.ana.tamper : fork.ben.tamper));
    reconnect([ana, ben], tamper);
    await ana.write("only-ana ");
    await ben.write("only-ben ");
    await until("their views met, in presence", () => names(ana, "fork") || names(ben, "fork"));
    expect(ana.text()).not.toContain("only-ben");
    reconnect([ana, ben]);
    await until("both name it", () => names(ana, "fork", "rollback") && names(ben, "fork", "rollback"));
    await expectWhole(stage, [ana, ben], ["begun", "only-ana", "only-ben"]);
  });

  test("VF-7 LG-3 acknowledges what it throws away: nobody else is said to have it, and it goes out again when the truth shows", async () => {
    const { ana, ben } = await stage.together();
    const { docId } = ben;
    await ben.close();
    const forgery = createForgery({ identity, swallowAppends: true });
    reconnect([ana], forgery.tamper);
    await until("ana is back", () => ana.proxy.stats.changedDown > 0);
    await ana.write("thrown-away ");
    // The relay swears that it has it. Only another device can swear that it has seen it.
    ana.levels.clear();
    await ana.write("too ");
    await until("ana was told something", () => ana.levels.size > 0);
    expect([...ana.levels]).not.toContain("others");
    reconnect([ana]);
    await until("ana names it", () => names(ana, "rollback", "fork"));
    const back = await stage.open(await stage.person("ben", ben.folder), docId);
    await expectWhole(stage, [ana, back], ["begun", "thrown-away", "too"]);
  });

  test("VF-7 goes back to an earlier state, and on from there", async () => {
    const { ana, ben } = await stage.together();
    await writeThree(ana);
    await until("ben has it all", () => ben.status().seq === 5 && isSettled(ben));
    const forgery = createForgery({ identity, edit: edits.rollBack(3, 5) });
    reconnect([ben], forgery.tamper);
    await until("ben names it", () => names(ben, "rollback", "fork"));
    await ana.write("four ");
    await ben.keep("local ");
    for (const word of ["one", "two", "three"]) expect(ben.text()).toContain(word);
    reconnect([ben]);
    await expectWhole(stage, [ana, ben], ["begun", "one", "two", "three", "four", "local"]);
  });

  test("VF-7 withholds everything new: shown by the time when it was last heard of, and by nothing false", async () => {
    const { ana, ben } = await stage.together();
    const forgery = createForgery({ identity, edit: edits.freeze(2) });
    reconnect([ben], forgery.tamper);
    await until("ben is back", () => ben.proxy.stats.changedDown > 0);
    await ana.write("one ");
    await ben.keep("local ");
    expect(ben.status().saved).toBe("device");
    expect(ben.text()).not.toContain("one");
    reconnect([ben]);
    await expectWhole(stage, [ana, ben], ["begun", "one", "local"]);
  });
});

async function newcomer(from: Writer, tamper: Forgery["tamper"]): Promise<Writer> {
  const person = await stage.person("eve");
  person.proxy.setTamper(tamper);
  expect(await person.peer.openLink((await from.peer.shareLink(from.docId)) ?? "")).toMatchObject({ ok: true });
  return stage.open(person, from.docId);
}
