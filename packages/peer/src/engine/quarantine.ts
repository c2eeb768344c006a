/** Bad records are kept, named, shown, and skipped (docs/protocol.md, VF-5). They never stop a document. */
import { toText } from "@skerry/protocol";
import type { Alarm } from "../client.ts";
import type { DocumentCore } from "./document-core.ts";
import { storedQuarantined } from "./stored.ts";

export function quarantine(core: DocumentCore, seq: number, kind: Alarm["kind"], device: Uint8Array | undefined): void {
  const { state, store, keys } = core;
  const quarantined = { seq, kind, device: device === undefined ? "" : toText(device) };
  state.quarantined.set(seq, quarantined);
  store.set(keys.quarantine(seq), storedQuarantined.encode(quarantined));
  core.alarm(kind, seq, device);
}

export function release(core: DocumentCore, seq: number): void {
  core.state.quarantined.delete(seq);
  core.store.set(core.keys.quarantine(seq), undefined);
}
