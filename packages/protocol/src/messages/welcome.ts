import { oneOf, struct, varUint, wallTimeMs } from "../codec.ts";
import { signature } from "../ids.ts";
import type { Signature } from "../ids.ts";
import { ackLevels } from "../codes.ts";
import type { AckLevel } from "../codes.ts";
import type { MessageFormat } from "./message.ts";

/**
 * The relay accepts the peer. `proof` is the relay's signature over `session.welcome` ‖ challenge nonce ‖ client nonce ‖ device id.
 * The limits are the ones that this relay holds this peer to.
 */
export interface Welcome {
  readonly type: "welcome";
  readonly proof: Signature;
  readonly connectionId: number;
  readonly ackLevel: AckLevel;
  readonly recordBytesMax: number;
  readonly channelsMax: number;
  readonly appendsPerSecond: number;
  readonly timeMs: number;
}

export const welcome: MessageFormat<Welcome> = {
  type: "welcome",
  tag: 65,
  fields: struct<Omit<Welcome, "type">>({
    proof: signature,
    connectionId: varUint(),
    ackLevel: oneOf(ackLevels),
    recordBytesMax: varUint(),
    channelsMax: varUint(),
    appendsPerSecond: varUint(),
    timeMs: wallTimeMs,
  }),
};
