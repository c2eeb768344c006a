import { assert } from "@skerry/protocol";
import type { Random } from "@skerry/protocol";

/** `getRandomValues` refuses more than this at once (Web Cryptography, section 10.1.1). */
const blockBytesMax = 65_536;
const blockBytesMin = 32;

/**
 * Draws randomness from `fill` in blocks, since one call costs 2 µs (42 µs through libsodium in Node) and a nonce is needed per record
 * (docs/crypto.md, CR-9). `fill` overwrites the whole block from the system's generator, such as
 * `(block) => crypto.getRandomValues(block)`, or throws. What was handed out is zeroed in the pool.
 *
 * One process or worker, one pool. `fork` in Node starts afresh, and workers build their own; but a copy of running memory (a snapshot
 * of a virtual machine restored twice, CRIU, a V8 startup snapshot) copies the pool, and both copies would use the same nonces. Do
 * not take one of a running peer.
 */
export function pooledRandom(fill: (block: Uint8Array) => void, blockBytes: number = 4096): Random {
  assert(Number.isInteger(blockBytes) && blockBytes >= blockBytesMin && blockBytes <= blockBytesMax, "block size out of range");
  const block = new Uint8Array(blockBytes);
  let used = blockBytes;

  const refill = (): void => {
    fill(block);
    // 32 zero bytes or more come from a generator that did nothing, never from one that works (2^-256).
    assert(
      block.some((byte) => byte !== 0),
      "the random generator gave only zeros",
    );
    used = 0;
  };

  return {
    bytes: (length) => {
      assert(Number.isSafeInteger(length) && length >= 0, "length out of range");
      const drawn = new Uint8Array(length);
      for (let done = 0; done < length;) {
        if (used === blockBytes) refill();
        const end = Math.min(blockBytes, used + length - done);
        drawn.set(block.subarray(used, end), done);
        block.fill(0, used, end);
        done += end - used;
        used = end;
      }
      return drawn;
    },
  };
}
