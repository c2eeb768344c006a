/** A relay that really goes back: its process is killed, its folder replaced by an older copy, and it starts again. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/wait.ts";
import { createStage, expectWhole, isSettled, reconnect } from "./stage.ts";
import type { Stage, Writer } from "./stage.ts";

let stage: Stage;
const backups: string[] = [];
beforeAll(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());
afterAll(async () => {
  await stage.close();
  for (const backup of backups) rmSync(backup, { recursive: true, force: true });
});

async function backUp(): Promise<string> {
  const relay = stage.relay();
  const backup = mkdtempSync(path.join(tmpdir(), "skerry-backup-"));
  backups.push(backup);
  await relay.kill();
  cpSync(relay.folder, backup, { recursive: true });
  await relay.restart();
  return backup;
}

async function restore(backup: string | undefined): Promise<void> {
  const relay = stage.relay();
  await relay.kill();
  rmSync(relay.folder, { recursive: true, force: true });
  if (backup !== undefined) cpSync(backup, relay.folder, { recursive: true });
  await relay.restart();
}

const namesRollback = (writer: Writer): boolean => writer.kinds().some((kind) => kind === "rollback" || kind === "fork");

describe("a relay restored from an old backup", () => {
  test("VF-7 it is named, and gets back what it lost, whoever wrote it", async () => {
    const { ana, ben } = await stage.together();
    const backup = await backUp();
    reconnect([ana, ben]);
    for (const writer of [ana, ben, ana]) await writer.write(`${writer.name}-${writer.status().seq} `);
    const words = ["begun", "ana-2", "ben-3", "ana-4"];
    await until("both have all", () => ana.text() === ben.text());
    await restore(backup);
    reconnect([ana, ben]);
    await until("one of them names it", () => namesRollback(ana) || namesRollback(ben));
    await expectWhole(stage, [ana, ben], words);
  });

  test("VF-7 a peer hands back what its author, who is away, had written", async () => {
    const { ana, ben } = await stage.together();
    const backup = await backUp();
    reconnect([ana, ben]);
    await ana.write("ana-later ");
    await until("ben has it", () => ben.status().seq === ana.status().seq && isSettled(ben));
    await ana.close();
    await restore(backup);
    reconnect([ben]);
    await until("ben names it", () => namesRollback(ben));
    await expectWhole(stage, [ben], ["begun", "ana-later"]);
  });

  test("VF-7 while the relay lacks it, it is not said to be there", async () => {
    const { ana, ben } = await stage.together();
    const backup = await backUp();
    reconnect([ana, ben]);
    await ana.write("ana-later ");
    await ben.close();
    await restore(backup);
    // What is handed back does not arrive.
    reconnect([ana], () => ({ up: (message) => (message.type === "restore" || message.type === "append" ? [] : [message]) }));
    await until("ana names it", () => namesRollback(ana));
    await until("it is no longer said to be at the relay", () => ana.status().saved === "device");
    await ana.keep("offline ");
    expect(ana.status().saved).toBe("device");
    reconnect([ana]);
    await expectWhole(stage, [ana], ["begun", "ana-later", "offline"]);
  });

  test("VF-7 VF-8 two histories grow from one backup: both are named and both are kept", async () => {
    const { ana, ben } = await stage.together();
    const backup = await backUp();
    reconnect([ana, ben]);
    const { docId } = ben;
    await ben.close();
    await ana.write("only-ana ");
    await ana.close();
    await restore(backup);
    const benAgain = await stage.open(await stage.person("ben", ben.folder), docId);
    await benAgain.write("only-ben ");
    const anaAgain = await stage.open(await stage.person("ana", ana.folder), docId);
    await until("ana names it", () => namesRollback(anaAgain));
    await expectWhole(stage, [anaAgain, benAgain], ["begun", "only-ana", "only-ben"]);
  });

  test("RC-7 VF-7 a relay that lost everything, its key too: the whole log comes back, and the new key is named", async () => {
    const { ana, ben } = await stage.together();
    for (const writer of [ana, ben]) await writer.write(`${writer.name}-word `);
    await until("both have all", () => ana.text() === ben.text());
    await restore(undefined);
    reconnect([ana, ben]);
    for (const writer of [ana, ben]) await until(`${writer.name} names the key`, () => writer.kinds().includes("relay-key-changed"));
    await until("one of them names the loss", () => namesRollback(ana) || namesRollback(ben));
    await expectWhole(stage, [ana, ben], ["begun", "ana-word", "ben-word"]);
  });
});
