import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "./clock.test-support.ts";
import { openLevelLogStore } from "./level-log-store.ts";
import { describeLogStore } from "./log-store.test-conformance.ts";

describeLogStore("LevelDB", async () => {
  const folder = await mkdtemp(join(tmpdir(), "skerry-level-"));
  return {
    open: () => openLevelLogStore({ folder, clock: realClock }),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});
