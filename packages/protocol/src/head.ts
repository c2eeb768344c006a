import { struct, varUint, wallTimeMs } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { chainHash, docId, hashBytes, relayKey, signature } from "./ids.ts";
import type { ChainHash, DocId, RelayKey, Signature } from "./ids.ts";

/** A place in a document's log: how many entries (`seq` 0 is the empty log), and the chain hash over them. */
export interface Head {
  readonly seq: number;
  readonly chainHash: ChainHash;
}

export const head: Codec<Head> = struct<Head>({ seq: varUint(), chainHash });

/** "Nothing read yet." The chain hash of seq 0 is never compared, so it is zero bytes. */
export const emptyHead: Head = { seq: 0, chainHash: new Uint8Array(hashBytes) as ChainHash };

/**
 * A head with the relay's Ed25519 signature over `relay.head` ‖ everything before `signature`. Whoever holds two of them with
 * the same key, document and `seq` but different chain hashes holds a portable proof that the relay showed two histories.
 */
export interface SignedHead {
  readonly relayKey: RelayKey;
  readonly docId: DocId;
  readonly seq: number;
  readonly chainHash: ChainHash;
  /** Wall clock of the relay, milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly signature: Signature;
}

export type UnsignedHead = Omit<SignedHead, "signature">;

export const unsignedHead: Codec<UnsignedHead> = struct<UnsignedHead>({
  relayKey,
  docId,
  seq: varUint(),
  chainHash,
  timeMs: wallTimeMs,
});

export const signedHead: Codec<SignedHead> = struct<SignedHead>({
  relayKey,
  docId,
  seq: varUint(),
  chainHash,
  timeMs: wallTimeMs,
  signature,
});
