import { decodeWith, encodeWith, optional, struct, varBytes, varUint, wallTimeMs } from "./codec.ts";
import type { Codec, DecodeError } from "./codec.ts";
import { limits } from "./limits.ts";
import type { Result } from "./result.ts";

/** Hybrid logical clock (Kulkarni et al. 2014): physical milliseconds, and a counter for events within one. */
export interface HybridTime {
  readonly wallMs: number;
  readonly counter: number;
}

/** What a record seals, before padding. Comes from a member, who may be hostile: `update` has not been validated. */
export interface RecordBody {
  readonly time: HybridTime;
  /** An encoded certificate (account → device), in a replica's first record only, so that the relay learns no account. */
  readonly certificate: Uint8Array | undefined;
  /** One merged Yjs update, format V1. */
  readonly update: Uint8Array;
}

export const certificateBytesMax = 256;

const time: Codec<HybridTime> = struct<HybridTime>({ wallMs: wallTimeMs, counter: varUint(0xffffffff) });

const body: Codec<RecordBody> = struct<RecordBody>({
  time,
  certificate: optional(varBytes(certificateBytesMax)),
  update: varBytes(limits.updateBytesMax),
});

export const encodeRecordBody = (value: RecordBody): Uint8Array => encodeWith(body, value);
export const decodeRecordBody = (bytes: Uint8Array): Result<RecordBody, DecodeError> => decodeWith(body, bytes, "body");
