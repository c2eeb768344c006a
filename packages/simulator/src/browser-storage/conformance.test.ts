/** The peer's real IndexedDB store of keys and values over the virtual IndexedDB. */
import { describe, expect, test } from "vitest";
import { openIdbKv } from "@skerry/peer/browser/storage";
import { kvCases } from "../../../peer/src/kv.conformance.ts";
import { createStorageRig } from "./settle.test-support.ts";

describe("Kv over the virtual IndexedDB", () => {
  for (const [index, { title, run }] of kvCases.entries())
    test(title, async () => {
      const rig = createStorageRig(BigInt(index));
      try {
        const process = rig.start();
        await rig.run(process, () => run({ open: () => openIdbKv(process.clock, "kv") }));
        expect(rig.errors).toEqual([]);
      } finally {
        rig.end();
      }
    });
});
