/** Run as a process of its own by level-content.test.ts: types, and says after each flush what is durable. Killed with SIGKILL. */
import { ready } from "@skerry/crypto";
import { Doc } from "yjs";
import { openLevelContentStore } from "./level-content-store.ts";
import { loadVaultKey } from "./vault-file.ts";
import { systemClock, systemRandom } from "./world.ts";

await ready;
const folder = process.argv[2] ?? "";
const random = systemRandom();
const vaultKey = await loadVaultKey(folder, random, true);
const store = await openLevelContentStore({ location: `${folder}/content`, vaultKey, random, clock: systemClock, log: () => undefined });
const doc = new Doc();
const content = store.open("doc", doc);
await content.load();
const text = doc.getText("body");
for (;;) {
  for (let index = 0; index < 3; index++) text.insert(text.length, "x");
  await content.flush();
  process.stdout.write(`${text.length}\n`);
}
