/** Whether a record may become the next entry of a log: the part of LG-2, RC-7 and RC-8 that needs no I/O. */
import { bytesEqual } from "@skerry/protocol";
import type { DeviceId, RecordHash, RecordHeader, RefusalCode } from "@skerry/protocol";

/** What the relay knows of a replica's author chain in a document, appends under way included. */
export interface ChainState {
  readonly n: number;
  readonly hash: RecordHash;
  /** Up to here the chain is durable. */
  readonly durableN: number;
  /** The device of the chain's records; undefined while it has none. */
  readonly deviceId: DeviceId | undefined;
}

export type Admission =
  | { readonly kind: "append" }
  /** The chain has a record with this number under way: compare, and wait for it. */
  | { readonly kind: "in-flight" }
  /** The chain has a durable record with this number: compare with the store's. */
  | { readonly kind: "stored" }
  | { readonly kind: "refuse"; readonly code: RefusalCode };

const refuse = (code: RefusalCode): Admission => ({ kind: "refuse", code });

/** `seq` is that of the log's last entry, appends under way included. `restoring` lifts RC-8: `seen` then names a head that was lost. */
export function admit(header: RecordHeader, chain: ChainState, seq: number, restoring: boolean): Admission {
  if (chain.deviceId !== undefined && !bytesEqual(chain.deviceId, header.deviceId)) return refuse("wrong-device");
  if (header.n <= chain.durableN) return { kind: "stored" };
  if (header.n <= chain.n) return { kind: "in-flight" };
  if (seq === 0 && header.kind !== "genesis") return refuse("no-genesis");
  if (seq > 0 && header.kind === "genesis") return refuse("has-genesis");
  if (header.n > chain.n + 1) return refuse(header.kind === "genesis" ? "malformed" : "chain-gap");
  if (!bytesEqual(header.prev, chain.hash)) return refuse("chain-fork");
  // The author has verified a head that this log does not have: the relay lost entries, which have to come back first.
  if (!restoring && header.seen.seq > seq) return refuse("chain-gap");
  return { kind: "append" };
}
