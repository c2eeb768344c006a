import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { kvCases } from "../kv.conformance.ts";
import { openLevelKv } from "./level-kv.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "skerry-kv-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("LevelDB Kv", () => {
  for (const { title, run } of kvCases) test(title, () => run({ open: () => openLevelKv(folder) }));

  test("BS-8 a second opener is told `locked`, and may come in after the first closed", async () => {
    const first = await openLevelKv(folder);
    await expect(openLevelKv(folder)).rejects.toMatchObject({ name: "StoreError", code: "locked" });
    await first.close();
    const second = await openLevelKv(folder);
    await second.close();
  });
});
