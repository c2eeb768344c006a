import { describe, test } from "vitest";
import { createMemoryKv } from "./kv-memory.ts";
import { kvCases } from "./kv.conformance.ts";

describe("memory Kv", () => {
  for (const { title, run } of kvCases) {
    test(title, async () => {
      const entries = new Map<string, Uint8Array>();
      await run({ open: async () => createMemoryKv(entries) });
    });
  }
});
