/** A relay process on a real folder, and people who reach it through tampering proxies of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { docIdFromText } from "@skerry/protocol";
import type { DocId } from "@skerry/protocol";
import type { Alarm, DocumentStatus, Log } from "@skerry/peer";
import { createNodePeer } from "@skerry/peer/node";
import type { NodePeer } from "@skerry/peer/node";
import { honest, startTamperingProxy } from "@skerry/simulator";
import type { Tamper, TamperingProxy } from "@skerry/simulator";
import { expect } from "vitest";
import { openEditor } from "../support/node-editor.ts";
import type { NodeEditor } from "../support/node-editor.ts";
import { startRelayProcess } from "../support/relay-process.ts";
import type { RelayProcess } from "../support/relay-process.ts";
import { until } from "../support/wait.ts";

export interface Person {
  readonly name: string;
  readonly folder: string;
  readonly peer: NodePeer;
  readonly proxy: TamperingProxy;
  /** What its engine logged, for failures. */
  readonly events: readonly string[];
  close(): Promise<void>;
}

/** One person with one document open. */
export interface Writer extends Person {
  readonly editor: NodeEditor;
  readonly docId: string;
  text(): string;
  /** At the end, as a person does. */
  type(text: string): void;
  /** Types, and waits until the relay has it: one record. */
  write(text: string): Promise<void>;
  /** Types, and waits until this device says where it is: on the device, or further. */
  keep(text: string): Promise<void>;
  status(): DocumentStatus;
  kinds(): readonly Alarm["kind"][];
  /** Every level that was ever shown. */
  readonly levels: Set<DocumentStatus["saved"]>;
}

export interface Stage {
  readonly relay: () => RelayProcess;
  /** A new device, or one that was here before. */
  /** `tamper`: what the relay does to this one from the first byte on. */
  person(name: string, folder?: string, tamper?: Tamper): Promise<Person>;
  /** Ana made a document with a word in it, Ben opened her link, both see it and know that the other does. */
  together(): Promise<{ readonly ana: Writer; readonly ben: Writer; readonly docId: DocId }>;
  open(person: Person, docId: string): Promise<Writer>;
  /** After each test: everybody leaves, the relay stays. */
  clear(): Promise<void>;
  /** After all. */
  close(): Promise<void>;
}

export async function createStage(): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), "skerry-tampering-"));
  // No web app: it may be built anew while this runs.
  const web = mkdtempSync(path.join(folder, "web-"));
  const relay = await startRelayProcess({ env: { SKERRY_LOG_LEVEL: "warn", SKERRY_WEB: web } });
  const present = new Set<{ close(): Promise<void> }>();
  let made = 0;

  const person = async (name: string, home = path.join(folder, `${name}-${made++}`), tamper: Tamper = honest): Promise<Person> => {
    const proxy = await startTamperingProxy({ upstreamPort: relay.port });
    // Before there is a peer: it may look after a document as soon as it is up (PE-9).
    proxy.setTamper(tamper);
    const events: string[] = [];
    const log: Log = (_level, event, fields) => void events.push(`${event} ${JSON.stringify(fields ?? {})}`);
    const peer = await createNodePeer({ folder: home, relayUrl: `ws://127.0.0.1:${proxy.port}/sync`, log });
    await peer.ready;
    const one: Person = {
      name,
      folder: home,
      peer,
      proxy,
      events,
      close: async () => {
        present.delete(one);
        await peer.close();
        await proxy.close();
      },
    };
    present.add(one);
    return one;
  };

  const open = async (someone: Person, docId: string): Promise<Writer> => {
    const editor = await openEditor(someone.peer, docId);
    const levels = new Set<DocumentStatus["saved"]>();
    const unwatch = someone.peer.watchStatus(docId, ({ saved }) => levels.add(saved));
    const status = (): DocumentStatus => {
      const now = editor.status();
      if (now === undefined) throw new Error("no status yet");
      return now;
    };
    await until(`${someone.name} has a status`, () => editor.status());
    const text = (): string => editor.text.toJSON();
    const type = (added: string): void => editor.text.insert(editor.text.length, added);
    // A status is up to 100 ms old: what it says is about the new words only when it differs.
    const write = async (added: string): Promise<void> => {
      const { seq } = status();
      type(added);
      await until(`${added}is acknowledged`, () => status().seq > seq && status().unsentChanges === 0);
    };
    const keep = async (added: string): Promise<void> => {
      const { seq } = status();
      type(added);
      await until(`${added}is kept`, () => (status().unsentChanges > 0 ? status().saved === "device" : status().seq > seq));
    };
    const writer: Writer = {
      ...someone,
      type,
      write,
      keep,
      editor,
      docId,
      text,
      status,
      kinds: () => status().alarms.map(({ kind }) => kind),
      levels,
      close: async () => {
        present.delete(writer);
        unwatch();
        editor.close();
        await someone.close();
      },
    };
    present.delete(someone);
    present.add(writer);
    return writer;
  };

  return {
    relay: () => relay,
    person,
    open,
    together: async () => {
      const [anaAlone, benAlone] = [await person("ana"), await person("ben")];
      const docId = await anaAlone.peer.createDocument();
      const ana = await open(anaAlone, docId);
      await until("it is at the relay", () => ana.status().seq === 1);
      await ana.write("begun ");
      await follow(benAlone, ana);
      const ben = await open(benAlone, docId);
      await until("both see it", () => isSettled(ana, "others") && ben.text() === "begun ");
      const id = docIdFromText(docId);
      if (!id.ok) throw new Error(id.error);
      return { ana, ben, docId: id.value };
    },
    clear: async () => {
      for (const one of present) await one.close();
    },
    close: async () => {
      for (const one of present) await one.close();
      await relay.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Takes the share link of somebody's document. */
export async function follow(someone: Person, from: Writer): Promise<void> {
  expect(await someone.peer.openLink((await from.peer.shareLink(from.docId)) ?? "")).toEqual({ ok: true, docId: from.docId });
}

export function isSettled(writer: Writer, ...levels: readonly DocumentStatus["saved"][]): boolean {
  const { saved, unsentChanges } = writer.status();
  return unsentChanges === 0 && (levels.length === 0 ? ["relay", "others"] : levels).includes(saved);
}

/** Cuts both off from the relay and lets them come back through `tamper`: what follows is a catch-up. */
export function reconnect(writers: readonly Writer[], tamper: Tamper = honest): void {
  for (const { peer, proxy } of writers) {
    proxy.setTamper(tamper);
    proxy.dropConnections();
    peer.retryNow();
  }
}

/** Words of a text, sorted: what was written, whatever the order in which it merged. */
export const wordsOf = (text: string): readonly string[] =>
  text
    .split(" ")
    .filter((word) => word !== "")
    .sort();

/**
 * After the tampering: all of them agree on exactly these words, can write on, have nothing pending and nothing quarantined, and a newcomer who reaches the
 * relay directly sees the same, and nothing wrong but, perhaps, that there was a fork. If the relay's log holds bad records for good, as many are `quarantined` everywhere; with "any" that is not
 * looked at: an author whose record was stored with a spoiled signature has it as it was.
 */
export async function expectWhole(
  stage: Stage,
  writers: readonly Writer[],
  words: readonly string[],
  quarantined: number | "any" = 0,
): Promise<void> {
  const expected = [...words];
  for (const writer of writers) {
    writer.type(`${writer.name}-after `);
    expected.push(`${writer.name}-after`);
  }
  const wanted = wordsOf(expected.join(" ")).join(" ");
  const shown = (): string =>
    JSON.stringify(
      writers.map((writer) => ({ name: writer.name, text: writer.text(), ...writer.status(), events: writer.events })),
      null,
      1,
    );
  try {
    await until("all are whole", () => writers.every((writer) => wordsOf(writer.text()).join(" ") === wanted && isSettled(writer)), 15_000);
    await until("one text", () => writers.every((writer) => writer.text() === writers[0]?.text()));
    const rest = ({ status }: Writer): boolean =>
      status().refusal === undefined && (quarantined === "any" || status().quarantined === quarantined);
    await until("nothing in the way", () => writers.every(rest));
  } catch (error) {
    throw new Error(`wanted ${wanted}, and it is ${shown()}`, { cause: error });
  }
  const [first] = writers;
  if (first === undefined) return;
  const newcomer = await stage.person("newcomer");
  await follow(newcomer, first);
  const writer = await stage.open(newcomer, first.docId);
  await until("the newcomer sees it", () => writer.text() === first.text());
  if (quarantined !== "any") await until("the newcomer set aside the same", () => writer.status().quarantined === quarantined);
  // A record that was written on top of a false history names a head of it, and stands in the log: its readers are told that there was a fork (VF-8).
  if (quarantined === 0) expect(writer.kinds().filter((kind) => kind !== "fork")).toEqual([]);
}
