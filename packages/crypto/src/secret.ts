import { assert, keyBytes } from "@skerry/protocol";

const shown = "[secret]";

/**
 * Secret bytes that cannot be printed, serialised, inspected or cloned by accident (docs/crypto.md, CR-10). `toString`, `toJSON` and Node's
 * `inspect` give "[secret]"; `structuredClone` and `postMessage` give an empty object; there is no property to enumerate. Two secrets
 * are never compared: only the same object is equal to itself.
 */
export class Secret {
  static {
    // What Node's console.log and util.inspect ask an object for; not an ordinary method, since declarations can't name the symbol.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: () => shown });
  }

  #bytes: Uint8Array | undefined;

  /** Takes the array over: the caller neither keeps nor changes it. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Lends the bytes to `run` for the length of the call. `run` neither keeps nor changes them. Asserts that nobody wiped them. */
  use<T>(run: (bytes: Uint8Array) => T): T {
    assert(this.#bytes !== undefined, "secret used after wipe");
    return run(this.#bytes);
  }

  /**
   * Overwrites the bytes with zeros and forgets them. Idempotent. Copies that the engine or libsodium's heap made stay
   * (docs/crypto.md).
   */
  wipe(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }
}

/** A copy of the bytes, for the host that wraps them before it stores them. The caller wipes the copy. */
export const exportSecret = (secret: Secret): Uint8Array => secret.use((bytes) => new Uint8Array(bytes));

/** A 32-byte secret (vault key, epoch key) from a copy of `bytes`; the caller wipes its own. Another length is a bug of the host. */
export function importSecret(bytes: Uint8Array): Secret {
  assert(bytes.length === keyBytes, "a secret has 32 bytes");
  // Not `slice`: a Node `Buffer` would give a view, and its owner may wipe it.
  return new Secret(new Uint8Array(bytes));
}
