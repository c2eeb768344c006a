/** What Chromium said (fidelity.browser.test.ts records it) is what the virtual IndexedDB says. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runScript, scripts } from "./fidelity.test-support.ts";
import { createStorageRig } from "./settle.test-support.ts";

const recorded = JSON.parse(readFileSync(new URL("fidelity.logs.json", import.meta.url), "utf8")) as Record<string, string[]>;

describe("as in Chromium", () => {
  for (const title of Object.keys(scripts))
    test(title, async () => {
      const said = new Set<string>();
      // Latencies are drawn: no order may depend on them.
      for (let seed = 0n; seed < 5n; seed++) {
        const rig = createStorageRig(seed);
        try {
          const process = rig.start();
          const lines = await rig.run(process, () =>
            runScript({ idb: indexedDB, ranges: IDBKeyRange, sleep: (ms) => rig.sleep(process, ms) }, title),
          );
          expect(lines).toEqual(recorded[title]);
          expect(rig.errors).toEqual([]);
          said.add(rig.world.hash.digest());
        } finally {
          rig.end();
        }
      }
      expect(said.size).toBe(5);
    });

  test("everything recorded is still run", () => {
    expect(Object.keys(recorded)).toEqual(Object.keys(scripts));
  });
});
