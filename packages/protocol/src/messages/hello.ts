import { fixedBytes, struct, varUint } from "../codec.ts";
import { deviceId, signature } from "../ids.ts";
import type { DeviceId, Signature } from "../ids.ts";
import type { MessageFormat } from "./message.ts";

/**
 * First message of a peer: who it is, proved. `proof` is the device's Ed25519 signature over
 * `session.hello` ‖ relay key ‖ challenge nonce ‖ client nonce, so it is worth nothing at another relay or on another connection.
 */
export interface Hello {
  readonly type: "hello";
  readonly version: number;
  readonly deviceId: DeviceId;
  readonly clientNonce: Uint8Array;
  readonly proof: Signature;
}

export const hello: MessageFormat<Hello> = {
  type: "hello",
  tag: 1,
  fields: struct<Omit<Hello, "type">>({ version: varUint(0xffff), deviceId, clientNonce: fixedBytes(32), proof: signature }),
};
