import { describeLogStore } from "../../../../apps/relay/src/storage/log-store.test-conformance.ts";
import { createDiskRig } from "./virtual-disk.test-support.ts";

describeLogStore("LevelDB on a virtual disk", async () => {
  const rig = createDiskRig(20_260_101n);
  return { open: async () => (await rig.open()).store, dispose: async () => undefined };
});
