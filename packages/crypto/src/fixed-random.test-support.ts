import type { Random } from "@skerry/protocol";
import sodium from "libsodium-wrappers";

/** A `Random` for golden vectors: ChaCha20 of a seed and a call counter. Never for anything that should be secret. */
export function fixedRandom(seed: number): Random {
  let calls = 0;
  return {
    bytes: (length) => {
      const key = new Uint8Array(32);
      const view = new DataView(key.buffer);
      view.setUint32(0, seed, true);
      view.setUint32(4, calls++, true);
      return sodium.randombytes_buf_deterministic(length, key);
    },
  };
}
