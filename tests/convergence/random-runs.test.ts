/**
 * Yjs through the whole of Skerry: five peers, each behind a chaos proxy of its own, a real relay process, random edits and random cuts. Once healed,
 * all five hold the same text and the same state, nothing is lost and nothing doubled. The seed is printed; SKERRY_SEED replays it.
 */
import { createNodePeer } from "@skerry/peer/node";
import type { NodePeer } from "@skerry/peer/node";
import { createPrng, faults, seedFromEnv, startChaosProxy } from "@skerry/simulator";
import type { ChaosProxy, Prng } from "@skerry/simulator";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as Y from "yjs";
import { openEditor } from "../support/node-editor.ts";
import type { NodeEditor } from "../support/node-editor.ts";
import { startRelayProcess } from "../support/relay-process.ts";
import type { RelayProcess } from "../support/relay-process.ts";
import { until } from "../support/wait.ts";

const peersCount = 5;
const runs = process.env["CI"] === "true" ? 200 : 30;
// Fresh seeds are for exploring; what lands is judged by the same ones every time.
const seed = seedFromEnv(process.env, () => (process.env["CI"] === "true" ? 20_261_120n : randomBytes(8).readBigUInt64LE()));
const folder = mkdtempSync(path.join(tmpdir(), "skerry-convergence-"));

interface Person {
  readonly peer: NodePeer;
  readonly proxy: ChaosProxy;
}

let relay: RelayProcess;
const people: Person[] = [];

beforeAll(async () => {
  relay = await startRelayProcess({ env: { SKERRY_LOG_LEVEL: "silent" } });
  const random = createPrng(seed).fork("proxies");
  for (let index = 0; index < peersCount; index++) {
    const proxy = await startChaosProxy({ upstreamPort: relay.port, random: random.fork(String(index)) });
    const peer = await createNodePeer({ folder: path.join(folder, String(index)), relayUrl: `ws://127.0.0.1:${proxy.port}/sync` });
    await peer.ready;
    people.push({ peer, proxy });
  }
}, 60_000);

afterAll(async () => {
  for (const { peer, proxy } of people) {
    await peer.close();
    await proxy.close();
  }
  await relay.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function edit(random: Prng, { text }: NodeEditor, word: string): void {
  const length = text.length;
  if (random.chance(0.25) && length > 0) {
    const at = random.int(length);
    text.delete(at, 1 + random.int(Math.min(6, length - at)));
  } else text.insert(random.int(length + 1), word);
}

async function disturb(random: Prng, { proxy, peer }: Person): Promise<void> {
  const what = random.int(7);
  if (what === 0) await proxy.set(faults.cut("hold"));
  else if (what === 1) await proxy.set(random.chance(0.5) ? faults.cutUp("drop") : faults.cutDown("drop"));
  else if (what === 2) proxy.dropConnections(random.chance(0.5) ? "reset" : "end");
  else if (what === 3) proxy.halfOpen();
  else if (what === 4) await proxy.set(faults.delay(random.int(30), random.int(20)));
  else if (what === 5) await proxy.set(faults.slice(1 + random.int(7)));
  else {
    await proxy.heal(random.chance(0.5) ? "resume" : "drop");
    peer.retryNow();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function oneRun(random: Prng): Promise<void> {
  const [creator] = people;
  if (creator === undefined) throw new Error("no one is there");
  const docId = await creator.peer.createDocument();
  const link = await creator.peer.shareLink(docId);
  for (const { peer } of people.slice(1)) expect(await peer.openLink(link ?? "")).toEqual({ ok: true, docId });
  const editors = await Promise.all(people.map(({ peer }) => openEditor(peer, docId)));
  // Gets every edit directly, past everything under test: what all must end with.
  const oracle = new Y.Doc();
  for (const { doc } of editors) {
    Y.applyUpdate(oracle, Y.encodeStateAsUpdate(doc));
    doc.on(
      "update",
      (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => local && Y.applyUpdate(oracle, update),
    );
  }
  try {
    const steps = 10 + random.int(50);
    for (let step = 0; step < steps; step++) {
      if (random.chance(0.2)) await disturb(random, random.pick(people));
      else edit(random, random.pick(editors), `w${step} `);
      if (random.chance(0.3)) await turn();
    }
    for (const { proxy, peer } of people) {
      await proxy.heal("drop");
      peer.retryNow();
    }
    const state = (doc: Y.Doc): string => Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))).toString("base64");
    const wanted = state(oracle);
    const settled = (editor: NodeEditor): boolean => {
      const status = editor.status();
      return (
        state(editor.doc) === wanted && status !== undefined && status.unsentChanges === 0 && ["relay", "others"].includes(status.saved)
      );
    };
    await until("all five hold every edit and the relay has them all", () => editors.every(settled), 30_000).catch((error: unknown) => {
      throw new Error(
        `${String(error)}\n${editors.map((editor) => `${state(editor.doc) === wanted} ${JSON.stringify(editor.status())}`).join("\n")}`,
      );
    });
    expect(editors.map((editor) => editor.text.toString())).toEqual(editors.map(() => oracle.getText("body").toString()));
    expect(editors.map((editor) => editor.status()?.alarms ?? [])).toEqual(editors.map(() => []));
  } finally {
    for (const editor of editors) editor.close();
  }
}

test(`VF-9 ${runs} random runs of ${peersCount} peers end in equal text and equal state (SKERRY_SEED=${seed})`, async () => {
  const random = createPrng(seed);
  for (let run = 0; run < runs; run++) await oneRun(random.fork(`run ${run}`));
}, 900_000);
