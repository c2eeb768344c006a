import { fileURLToPath } from "node:url";
import { formatInviteLink, ready } from "@skerry/crypto";
import type { DocId, SpaceId } from "@skerry/protocol";
import type { BrowserContext, Page } from "playwright-core";
import { afterEach, beforeAll, afterAll, beforeEach, describe, expect, test } from "vitest";
import { launchChromium, servePage } from "../../../../tests/support/chromium.ts";
import type { PageServer, TestBrowser } from "../../../../tests/support/chromium.ts";
import { until } from "../node/until.test-support.ts";
import type { TestTab } from "./tab-page.test-support.ts";

type Global = typeof globalThis & { readonly skerryTab: TestTab };

let server: PageServer;
let browser: TestBrowser;
const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

beforeAll(async () => {
  server = await servePage({ page: source("tab-page.test-support.ts"), worker: source("worker.ts"), worker2: source("worker.ts") });
}, 60_000);
afterAll(() => server.close());
beforeEach(async () => {
  browser = await launchChromium();
}, 60_000);
afterEach(() => browser.close());

async function openTab(search: string = "", context: BrowserContext = browser.context): Promise<Page> {
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") console.error(`tab says: ${message.text()}`);
  });
  await page.goto(`${server.url}/${search}`);
  await page.waitForFunction(() => "skerryTab" in globalThis);
  await page.evaluate(() => (globalThis as Global).skerryTab.client.ready);
  return page;
}

const create = (page: Page): Promise<string> => page.evaluate(() => (globalThis as Global).skerryTab.client.createDocument());
const text = (page: Page, docId: string): Promise<string> => page.evaluate((id) => (globalThis as Global).skerryTab.text(id), docId);
const names = (page: Page, docId: string): Promise<string[]> => page.evaluate((id) => (globalThis as Global).skerryTab.names(id), docId);
const insert = (page: Page, docId: string, what: string): Promise<void> =>
  page.evaluate(([id, typed]) => (globalThis as Global).skerryTab.insert(id ?? "", typed ?? ""), [docId, what]);
const setName = (page: Page, docId: string, name: string): Promise<void> =>
  page.evaluate(([id, called]) => (globalThis as Global).skerryTab.setName(id ?? "", called ?? ""), [docId, name]);

async function edit(page: Page, docId: string, version: 2 | 3 = 3): Promise<void> {
  await page.evaluate(([id, wanted]) => (globalThis as Global).skerryTab.open(id, wanted), [docId, version] as const);
  await page.waitForFunction((id) => (globalThis as Global).skerryTab.synced(id), docId);
}

const textBecomes = (page: Page, docId: string, wanted: string): Promise<void> =>
  until(`text "${wanted}"`, async () => (await text(page, docId)) === wanted);
const namesBecome = (page: Page, docId: string, wanted: string): Promise<void> =>
  until(`names ${wanted}`, async () => (await names(page, docId)).join() === wanted);

const kinds = [
  ["SharedWorker", ""],
  ["dedicated workers under a Web Lock", "?fallback"],
] as const;

for (const [kind, search] of kinds) {
  describe(`peer in ${kind}`, () => {
    test("ED-1 two tabs, y-websocket 3.1 and 2.1: text and presence, and a closed tab's presence ends", async () => {
      const a = await openTab(search);
      const docId = await create(a);
      const b = await openTab(search);
      await edit(a, docId, 3);
      await edit(b, docId, 2);
      await insert(a, docId, "hello");
      await textBecomes(b, docId, "hello");
      await insert(b, docId, " world");
      await textBecomes(a, docId, "hello world");
      await setName(a, docId, "ada");
      await setName(b, docId, "bob");
      await namesBecome(a, docId, "ada,bob");
      await namesBecome(b, docId, "ada,bob");
      // Without a chance to say goodbye.
      await b.close({ runBeforeUnload: false });
      await namesBecome(a, docId, "ada");
      await a.waitForFunction(() => !(globalThis as Global).skerryTab.client.hasUnsavedChanges());
    });

    test("ED-1 the client's calls and subscriptions, and an unknown document closes with 4404", async () => {
      const a = await openTab(search);
      const docId = await create(a);
      const answers = await a.evaluate(async (id) => {
        const { client } = (globalThis as Global).skerryTab;
        await client.setDisplayName("Ada");
        await client.setTitle(id, "Notes");
        const fragment = (await client.shareLink(id)) ?? "";
        const title = await new Promise<string>((resolve) => {
          const stop = client.watchDocuments((documents) => {
            const found = documents.find((one) => one.docId === id);
            if (found?.title !== "Notes") return;
            resolve(found.title);
            stop();
          });
        });
        const link = await client.openLink(fragment);
        return {
          name: (await client.profile()).displayName,
          title,
          link,
          has: await client.has(id),
          bad: await client.openLink("nonsense"),
        };
      }, docId);
      expect(answers).toMatchObject({ name: "Ada", title: "Notes", link: { ok: true, docId }, has: true, bad: { ok: false } });
      await a.evaluate(() => (globalThis as Global).skerryTab.open("AAAAAAAAAAAAAAAAAAAAAA", 3));
      await a.waitForFunction(() => (globalThis as Global).skerryTab.lastClose("AAAAAAAAAAAAAAAAAAAAAA") === 4404);
      const connection = await a.evaluate(
        () => new Promise<string>((resolve) => (globalThis as Global).skerryTab.client.watchConnection((state) => resolve(state.kind))),
      );
      expect(["connecting", "offline"]).toContain(connection);
    });

    test("PE-30 a link with a passphrase, through the port: none, too long, any; and however long, it is answered", async () => {
      await ready;
      const fragment = formatInviteLink({
        spaceId: new Uint8Array(16).fill(1) as SpaceId,
        head: { position: 1, hash: new Uint8Array(32).fill(2) },
        docId: new Uint8Array(16).fill(3) as DocId,
        secret: new Uint8Array(16).fill(4),
        needsPassphrase: true,
      });
      const a = await openTab(search);
      const answers = await a.evaluate(async (link) => {
        const { client } = (globalThis as Global).skerryTab;
        const own = await client.createSharedDocument();
        const endless = "x".repeat(1_000_000);
        const bounds = { role: "viewer", forMs: 60_000, uses: 1 } as const;
        return {
          none: await client.openLink(link),
          empty: await client.openLink(link, ""),
          endless: await client.openLink(link, endless),
          stored: await client.has("AwMDAwMDAwMDAwMDAwMDAw"),
          given: await client.openLink(link, "correct horse battery staple"),
          again: await client.enterPassphrase("AwMDAwMDAwMDAwMDAwMDAw", endless),
          other: await client.enterPassphrase("AwMDAwMDAwMDAwMDAwMDAw", "another"),
          // Never a link without one because it was lost on the way.
          emptyInvite: await client.invite(own, { ...bounds, passphrase: "" }),
          endlessInvite: await client.invite(own, { ...bounds, passphrase: endless }),
          emptyToDocument: await client.invite(own, { ...bounds, scope: "document", passphrase: "" }),
          // Nor one with the past: what is asked for comes to the peer whole, and is refused there.
          fromNowOnToDocument: await client.invite(own, { ...bounds, scope: "document", reads: "from-now-on" }),
        };
      }, fragment);
      expect(answers).toMatchObject({
        none: { error: "passphrase-needed" },
        empty: { error: "passphrase-needed" },
        endless: { error: "passphrase-too-long" },
        stored: false,
        given: { ok: true, docId: "AwMDAwMDAwMDAwMDAwMDAw" },
        again: { error: "passphrase-too-long" },
        other: { ok: true },
        emptyInvite: { error: "refused", reason: "passphrase-empty" },
        endlessInvite: { error: "refused", reason: "passphrase-too-long" },
        emptyToDocument: { error: "refused", reason: "passphrase-empty" },
        fromNowOnToDocument: { error: "refused", reason: "malformed" },
      });
    });

    test("BS-1 edit, tab closed at once, opened again in a new worker: the text is there, many rounds", { timeout: 120_000 }, async () => {
      const witness = await browser.context.newPage();
      await witness.goto(`${server.url}/worker.js`);
      let page = await openTab(search);
      const docId = await create(page);
      let wanted = "";
      for (let round = 0; round < 15; round++) {
        await edit(page, docId);
        await textBecomes(page, docId, wanted);
        const leaves = round % 2 === 0;
        const word = `w${round} `;
        wanted += word;
        // In turn: left within the same task as the edit, and closed by the browser right behind it.
        const typing = page.evaluate(
          ([id, typed, leave]) => {
            (globalThis as Global).skerryTab.insert(id, typed);
            if (leave) location.replace("about:blank");
          },
          [docId, word, leaves] as const,
        );
        await Promise.allSettled(leaves ? [typing, page.waitForURL("about:blank")] : [typing, page.close()]);
        // The worker went with its last tab: what comes next reads the disk.
        await until("worker gone", () =>
          witness.evaluate(async () => (await navigator.locks.query()).held?.every(({ name }) => name !== "skerry-peer") ?? false),
        );
        page = await openTab(search);
      }
      await edit(page, docId);
      await textBecomes(page, docId, wanted);
    });
  });
}

describe("one peer per profile", () => {
  test("BS-8 dedicated workers: the leader's tab closes, another takes over, nothing is lost and editing goes on", async () => {
    const a = await openTab("?fallback");
    const docId = await create(a);
    const b = await openTab("?fallback");
    const c = await openTab("?fallback");
    for (const page of [a, b, c]) await edit(page, docId);
    await insert(b, docId, "before ");
    await textBecomes(c, docId, "before ");
    await a.close();
    await insert(b, docId, "amid ");
    await textBecomes(c, docId, "before amid ");
    await insert(c, docId, "after ");
    await textBecomes(b, docId, "before amid after ");
    await b.waitForFunction(() => !(globalThis as Global).skerryTab.client.hasUnsavedChanges());
    const d = await openTab("?fallback");
    await edit(d, docId);
    await textBecomes(d, docId, "before amid after ");
  });

  test("BS-12 a former worker that took the store from the one that leads: it begins again, and what is asked of it meanwhile happens", async () => {
    const a = await openTab();
    const docId = await create(a);
    await edit(a, docId);
    await insert(a, docId, "before ");
    // As a worker does that was stopped amid opening, and goes on when another leads (idb-kv.ts).
    await a.evaluate(async () => {
      const opening = indexedDB.open("skerry");
      await new Promise((resolve, reject) => {
        opening.addEventListener("success", resolve);
        opening.addEventListener("error", reject);
      });
      const tx = opening.result.transaction("host", "readwrite");
      const fence = tx.objectStore("host").get("fence");
      fence.addEventListener("success", () => tx.objectStore("host").put(Number(fence.result) + 1, "fence"));
      await new Promise((resolve) => tx.addEventListener("complete", resolve));
      opening.result.close();
    });
    await insert(a, docId, "after ");
    const title = await a.evaluate(async (id) => {
      const { client } = (globalThis as Global).skerryTab;
      await client.setTitle(id, "Notes");
      return (await client.documents()).find((one) => one.docId === id)?.title;
    }, docId);
    expect(title).toBe("Notes");
    await insert(a, docId, "again ");
    await a.waitForFunction(() => !(globalThis as Global).skerryTab.client.hasUnsavedChanges());
    await a.reload();
    await a.waitForFunction(() => "skerryTab" in globalThis);
    await edit(a, docId);
    await textBecomes(a, docId, "before after again ");
  });

  test("BS-8 a SharedWorker of another build: its tabs are served by the one that holds the lock", async () => {
    const a = await openTab();
    const docId = await create(a);
    const b = await openTab("?build=?2");
    await edit(a, docId);
    await edit(b, docId);
    await insert(a, docId, "one ");
    await textBecomes(b, docId, "one ");
    await a.close();
    await insert(b, docId, "two ");
    const c = await openTab("?build=?2");
    await edit(c, docId);
    await textBecomes(c, docId, "one two ");
  });
});
