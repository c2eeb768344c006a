import { fixedBytes, struct, varUint, wallTimeMs } from "../codec.ts";
import { relayKey } from "../ids.ts";
import type { RelayKey } from "../ids.ts";
import type { MessageFormat } from "./message.ts";

/**
 * First message of a relay. `nonce` is 32 random bytes, used for this connection only.
 */
export interface Challenge {
  readonly type: "challenge";
  readonly versionMin: number;
  readonly versionMax: number;
  readonly relayKey: RelayKey;
  readonly nonce: Uint8Array;
  readonly timeMs: number;
}

export const challenge: MessageFormat<Challenge> = {
  type: "challenge",
  tag: 64,
  fields: struct<Omit<Challenge, "type">>({
    versionMin: varUint(0xffff),
    versionMax: varUint(0xffff),
    relayKey,
    nonce: fixedBytes(32),
    timeMs: wallTimeMs,
  }),
};
