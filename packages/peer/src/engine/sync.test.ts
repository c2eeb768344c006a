import { afterEach, describe, expect, test } from "vitest";
import { copyOf, newDevice, openDoc, startPeer, startTestRelay, until } from "./engine.test-support.ts";
import type { Device, TestPeer, TestRelay } from "./engine.test-support.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});
const relay = async (): Promise<TestRelay> => {
  const started = await startTestRelay();
  opened.push(started);
  return started;
};
const peer = (at: { readonly url: string }, device?: Device): TestPeer => {
  const started = startPeer(at, device);
  opened.push(started);
  return started;
};
const share = async (from: TestPeer, to: TestPeer, docId: string): Promise<void> => {
  const link = await from.peer.shareLink(docId);
  const result = await to.peer.openLink(link ?? "");
  expect(result).toEqual({ ok: true, docId });
};
void copyOf;
void newDevice;

describe("two peers through a relay", () => {
  test("SE-5 what one types appears at the other, both ways", async () => {
    const at = await relay();
    const [ana, ben] = [peer(at), peer(at)];
    const docId = await ana.peer.createDocument();
    const anas = await openDoc(ana, docId);
    anas.type("hello");
    await share(ana, ben, docId);
    const bens = await openDoc(ben, docId);
    await until("ben has it", () => bens.text.toString() === "hello");
    bens.type(" world");
    await until("ana has it", () => anas.text.toString() === "hello world");
    await until("both are saved at others", () => anas.status().saved === "others" && bens.status().saved === "others").catch((error) => {
      throw new Error(`${String(error)} ${JSON.stringify([anas.status(), bens.status(), ana.events, ben.events])}`);
    });
  });
});
