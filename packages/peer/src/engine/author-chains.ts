/**
 * The author chains of one log (docs/protocol.md, RC-4, VF-2, VF-3), one per replica: the last record whose signature, or a later one's,
 * was checked, and after it the *loose* records, which link up but are not vouched for yet. A record continues either. So a forged record that a
 * hostile relay slips in can't cut an author off: the true next one still links to the verified head.
 */
import { bytesEqual, noRecord, toText } from "@skerry/protocol";
import type { DeviceId, RecordHash, RecordHeader, ReplicaId } from "@skerry/protocol";

export interface ChainLink {
  readonly n: number;
  readonly hash: RecordHash;
  /** Where it stands in the log. */
  readonly seq: number;
}

export interface LooseLink extends ChainLink {
  readonly prev: RecordHash;
  readonly deviceId: DeviceId;
}

export interface AuthorChain {
  readonly replicaId: ReplicaId;
  /** Undefined while nothing is verified: an unverified record does not settle whose replica it is. */
  readonly deviceId: DeviceId | undefined;
  /** n = 0 and zero hash while nothing is verified. */
  readonly head: ChainLink;
  /** In the order of the log. */
  readonly loose: readonly LooseLink[];
}

/** `gap`: an earlier record is missing. `fork`: another record has this number. `wrong-device`: the replica is another device's. */
export type LinkFault = "gap" | "fork" | "wrong-device";

/** With more unverified records of one replica than this, further ones are refused as gaps: bounded memory. More than a page has entries. */
export const looseMax = 4096;

export interface AuthorChains {
  get(replicaId: ReplicaId): AuthorChain | undefined;
  all(): Iterable<AuthorChain>;
  /** Takes a record that links up as loose. Does nothing if it doesn't. */
  add(header: RecordHeader, hash: RecordHash, seq: number): LinkFault | undefined;
  /** The loose links from the verified head's successor to this one, in order; empty if it is not loose. */
  branchTo(replicaId: ReplicaId, hash: RecordHash): readonly LooseLink[];
  /** The signature of this loose record was good: it and those before it in its branch are verified. Returns them in order. */
  verified(replicaId: ReplicaId, hash: RecordHash): readonly LooseLink[];
  /** Remembers these chains; the function that it returns puts them back as they were. */
  checkpoint(replicaIds: Iterable<ReplicaId>): () => void;
  /** Forgets loose records from `seq` on: the page that brought them is read again. */
  forgetFrom(seq: number): void;
}

interface Chain {
  readonly replicaId: ReplicaId;
  deviceId: DeviceId | undefined;
  head: ChainLink;
  loose: LooseLink[];
}

const none: ChainLink = { n: 0, hash: noRecord, seq: 0 };

export function createAuthorChains(known: Iterable<AuthorChain> = []): AuthorChains {
  const chains = new Map<string, Chain>();
  for (const chain of known) chains.set(toText(chain.replicaId), { ...chain, loose: [...chain.loose] });
  return {
    get: (replicaId) => chains.get(toText(replicaId)),
    all: () => chains.values(),
    add: (header, hash, seq) => {
      const key = toText(header.replicaId);
      const chain = chains.get(key) ?? { replicaId: header.replicaId.slice() as ReplicaId, deviceId: undefined, head: none, loose: [] };
      const fault = faultOf(chain, header, hash);
      if (fault !== undefined) return fault;
      chains.set(key, chain);
      chain.loose.push({
        n: header.n,
        hash: hash.slice() as RecordHash,
        prev: header.prev.slice() as RecordHash,
        deviceId: header.deviceId.slice() as DeviceId,
        seq,
      });
      return undefined;
    },
    branchTo: (replicaId, hash) => {
      const chain = chains.get(toText(replicaId));
      return chain === undefined ? [] : branchOf(chain, hash);
    },
    verified: (replicaId, hash) => {
      const chain = chains.get(toText(replicaId));
      if (chain === undefined) return [];
      const branch = branchOf(chain, hash);
      const last = branch.at(-1);
      if (last === undefined) return [];
      chain.head = { n: last.n, hash: last.hash, seq: last.seq };
      chain.deviceId = last.deviceId;
      chain.loose = descendantsOf(chain.loose, last);
      return branch;
    },
    checkpoint: (replicaIds) => {
      const before = new Map<string, Chain | undefined>();
      for (const replicaId of replicaIds) {
        const key = toText(replicaId);
        const chain = chains.get(key);
        before.set(key, chain === undefined ? undefined : { ...chain, loose: [...chain.loose] });
      }
      return () => {
        for (const [key, chain] of before) {
          if (chain === undefined) chains.delete(key);
          else chains.set(key, chain);
        }
      };
    },
    forgetFrom: (seq) => {
      for (const [key, chain] of chains) {
        const kept = chain.loose.findIndex((link) => link.seq >= seq);
        if (kept >= 0) chain.loose.length = kept;
        if (chain.head.n === 0 && chain.loose.length === 0) chains.delete(key);
      }
    },
  };
}

function faultOf(chain: Chain, header: RecordHeader, hash: RecordHash): LinkFault | undefined {
  if (chain.deviceId !== undefined && !bytesEqual(chain.deviceId, header.deviceId)) return "wrong-device";
  if (chain.loose.length >= looseMax) return "gap";
  // The same record in a second place.
  if (chain.loose.some((link) => link.n === header.n && bytesEqual(link.hash, hash))) return "fork";
  const parent = findParent(chain, header);
  if (parent === undefined) {
    const last = chain.loose.at(-1) ?? chain.head;
    return header.n <= last.n + 1 ? "fork" : "gap";
  }
  // A branch is one device's: its signature, which comes last, has to vouch for all of it.
  return parent.deviceId !== undefined && !bytesEqual(parent.deviceId, header.deviceId) ? "wrong-device" : undefined;
}

function findParent(chain: Chain, header: RecordHeader): { readonly deviceId: DeviceId | undefined } | undefined {
  for (let index = chain.loose.length - 1; index >= 0; index--) {
    const link = chain.loose[index];
    if (link !== undefined && link.n === header.n - 1 && bytesEqual(link.hash, header.prev)) return link;
  }
  return chain.head.n === header.n - 1 && bytesEqual(chain.head.hash, header.prev) ? chain : undefined;
}

function branchOf(chain: Chain, hash: RecordHash): readonly LooseLink[] {
  const branch: LooseLink[] = [];
  let wanted = hash;
  for (let index = chain.loose.length - 1; index >= 0; index--) {
    const link = chain.loose[index];
    if (link === undefined || !bytesEqual(link.hash, wanted)) continue;
    branch.push(link);
    wanted = link.prev;
  }
  return branch.reverse();
}

function descendantsOf(loose: readonly LooseLink[], ancestor: ChainLink): LooseLink[] {
  const kept: LooseLink[] = [];
  const alive = new Set([toText(ancestor.hash)]);
  for (const link of loose) {
    if (!alive.has(toText(link.prev))) continue;
    alive.add(toText(link.hash));
    kept.push(link);
  }
  return kept;
}
