import { decodeWith, encodeWith, flag, list, optional, refuse, remaining, struct, uint8, varBytes, varUint, wallTimeMs } from "./codec.ts";
import type { Codec, DecodeError } from "./codec.ts";
import { deviceId } from "./ids.ts";
import type { DeviceId } from "./ids.ts";
import { limits } from "./limits.ts";
import type { Result } from "./result.ts";
import { snapshotVersion } from "./version.ts";

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
  /** The record is a part of a snapshot (docs/protocol.md, RC-10): then `update` repeats what others wrote. Sealed, so that a relay sees an update. */
  readonly snapshot?: SnapshotPart;
}

/**
 * The parts of a snapshot are records that follow each other in an author chain and name the same head as seen: together they hold all that the log gives up
 * to that head.
 */
export interface SnapshotPart {
  /** 0, 1, 2, … */
  readonly part: number;
  readonly isLast: boolean;
  /** Whose the client ids in `update` are (VF-4). */
  readonly owners: readonly ClientOwner[];
}

export interface ClientOwner {
  readonly deviceId: DeviceId;
  readonly clients: readonly number[];
}

export const certificateBytesMax = 256;
/** Client ids whose owners one part names: at most 16,384 devices and as many client ids, some 600 KiB, and never more than a record holds. */
const ownersMax = 16_384;

const time: Codec<HybridTime> = struct<HybridTime>({ wallMs: wallTimeMs, counter: varUint(0xffffffff) });

const snapshotPart: Codec<SnapshotPart> = struct<SnapshotPart>({
  part: varUint(0xffff),
  isLast: flag,
  owners: list(struct<ClientOwner>({ deviceId, clients: list(varUint(), ownersMax) }), ownersMax),
});

const plainBody = struct<Omit<RecordBody, "snapshot">>({
  time,
  certificate: optional(varBytes(certificateBytesMax)),
  update: varBytes(limits.updateBytesMax),
});

/** What is no part of a snapshot is written as before there were any. */
const body: Codec<RecordBody> = {
  write: (encoder, value) => {
    plainBody.write(encoder, value);
    if (value.snapshot === undefined) return;
    uint8.write(encoder, snapshotVersion);
    snapshotPart.write(encoder, value.snapshot);
  },
  read: (decoder, field) => {
    const plain = plainBody.read(decoder, field);
    if (remaining(decoder) === 0) return plain;
    if (uint8.read(decoder, "snapshot version") !== snapshotVersion) return refuse("unknown-tag", "snapshot version");
    return { ...plain, snapshot: snapshotPart.read(decoder, "snapshot") };
  },
};

export const encodeRecordBody = (value: RecordBody): Uint8Array => encodeWith(body, value);
export const decodeRecordBody = (bytes: Uint8Array): Result<RecordBody, DecodeError> => decodeWith(body, bytes, "body");
