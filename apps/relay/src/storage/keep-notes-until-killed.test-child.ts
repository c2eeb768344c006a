/** Child process of the notes' kill test: several devices put and delete their notes for ever; each answer goes to stdout as soon as it is there. */
import { writeSync } from "node:fs";
import { deviceIdOf, noteOf } from "./author.test-support.ts";
import { realClock } from "./clock.test-support.ts";
import { openLevelLogStore } from "./level-log-store.ts";
import { isDeletion, lengthOf } from "./notes.test-support.ts";

const [folder = "", devices = "1", first = "1"] = process.argv.slice(2);
const store = await openLevelLogStore({ folder, clock: realClock });

async function writeForEver(device: number): Promise<void> {
  const deviceId = deviceIdOf(`killed ${device}`);
  for (let count = Number(first); ; count++) {
    if (isDeletion(count)) await store.deleteNote(deviceId);
    else await store.putNote(deviceId, noteOf(`killed ${device}`, count, lengthOf(count)));
    writeSync(1, `${device} ${count}\n`);
  }
}

await Promise.all(Array.from({ length: Number(devices) }, (_, device) => writeForEver(device)));
