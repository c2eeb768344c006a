/**
 * Entries that counted when they came, and do not by what the access log says since (AC-85, PE-22): a relay withheld a removal from this device and showed it
 * what was backdated. They are named and set aside; what they hold stays in this device's copy, since Yjs takes nothing back.
 */
import { decodeRecord } from "@skerry/protocol";
import type { DeviceId } from "@skerry/protocol";
import type { DocumentCore } from "./document-core.ts";
import { quarantine } from "./quarantine.ts";
import { storedPosition } from "./stored.ts";

/** Compares what stands beyond the newest fence, once for each. An honest relay refuses a fence that would make anything void. */
export async function setVoidAside(core: DocumentCore): Promise<void> {
  const { membership, store, keys, log, state } = core;
  const fence = membership.newestFence();
  if (fence === undefined) return;
  const checked = await store.get(keys.fenceChecked);
  if (checked !== undefined && storedPosition.decode(checked) >= fence.position) return;
  let positionBefore = 0;
  for await (const entry of log.read(Math.max(1, fence.seq), state.cursor.seq)) {
    const record = decodeRecord(entry.record);
    const place = { seq: entry.seq, position: entry.accessPosition, positionBefore };
    positionBefore = entry.accessPosition;
    if (entry.quarantined || !record.ok || entry.seq <= fence.seq) continue;
    const { deviceId, epoch } = record.value.header;
    if (membership.counts(deviceId, epoch, place)) continue;
    core.log.put({ ...entry, quarantined: true });
    quarantine(core, entry.seq, "not-allowed", deviceId.slice() as DeviceId);
  }
  store.set(keys.fenceChecked, storedPosition.encode(fence.position));
}
