/**
 * What is watched on every wire and disk: nothing readable (I10), no nonce twice (I13), no two records in one place of a chain (I6). The
 * watcher keeps what it has seen of a whole run; a run is bounded.
 */
import { recordHashOf } from "@skerry/crypto";
import { decodeFrame, decodePresenceEnvelope, decodeRecord, decodeUp, toText } from "@skerry/protocol";

export interface WireWatch {
  /** A frame of a device, before any fault or cheat. */
  up(device: string, frame: Uint8Array): void;
  down(frame: Uint8Array): void;
  /** Bytes that came to stand on the relay's disk. */
  stored(bytes: Uint8Array): void;
  /** A value that a device stored: version ‖ nonce ‖ ciphertext. */
  sealedLocally(device: string, value: Uint8Array): void;
  /** A log line. */
  logged(line: string): void;
}

export interface WireWatchOptions {
  /** Stands in everything that anybody types, and nowhere else. */
  readonly canary: string;
  /** False for a profile that was copied or put back: there two histories of one replica are possible until it notices (RC-6). */
  readonly isUnique: (device: string) => boolean;
  /** A power cut right now would leave the record in this device's storage. */
  readonly isStored: (device: string, record: Uint8Array) => boolean;
  /** The relay has told this device, over the channel that it has open, that it knows the replica up to this number. */
  readonly toldTail: (device: string, replicaId: string) => number;
  readonly broken: (invariant: string, message: string) => void;
}

export function createWireWatch({ canary, isUnique, isStored, toldTail, broken }: WireWatchOptions): WireWatch {
  const needle = new TextEncoder().encode(canary);
  const first = needle[0] ?? 0;
  /** nonce → what was sealed under it */
  const nonces = new Map<string, string>();
  /** replica, n → record hash */
  const places = new Map<string, string>();

  const holds = (bytes: Uint8Array): boolean => {
    for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
      let same = 1;
      while (same < needle.length && bytes[at + same] === needle[same]) same++;
      if (same === needle.length) return true;
    }
    return false;
  };
  const sealed = (nonce: Uint8Array, what: () => string, where: string): void => {
    const key = toText(nonce);
    const known = nonces.get(key);
    if (known === undefined) {
      nonces.set(key, what());
      return;
    }
    if (known !== what()) broken("I13", `two things are sealed under one nonce (${where})`);
  };
  const record = (device: string, bytes: Uint8Array): void => {
    const decoded = decodeRecord(bytes);
    if (!decoded.ok) return;
    const { header, nonce, hashedBytes } = decoded.value;
    const hash = toText(recordHashOf(hashedBytes));
    sealed(nonce, () => hash, `a record of ${device}`);
    const place = `${toText(header.replicaId)} ${header.n}`;
    const known = places.get(place);
    if (known !== undefined && known !== hash) {
      if (isUnique(device)) broken("I6", `${device} sent two different records ${header.n} of one replica (RC-5)`);
      else if (header.n <= toldTail(device, toText(header.replicaId)))
        broken("I6", `${device} sent another record ${header.n} of its replica, though the relay had told that it has one (RC-6)`);
    }
    places.set(place, hash);
    if (!isStored(device, bytes)) broken("I6", `${device} sent record ${header.n} and would not know of it after a power cut (RC-5)`);
  };

  return {
    up: (device, frame) => {
      if (holds(frame)) broken("I10", `${device} sent something readable to the relay`);
      const parts = decodeFrame(frame);
      if (!parts.ok) return broken("I17", `${device} sent a frame that does not decode`);
      for (const part of parts.value) {
        const message = decodeUp(part);
        if (!message.ok) return broken("I17", `${device} sent a message that does not decode`);
        if (message.value.type === "append") record(device, message.value.record);
        if (message.value.type === "presence") {
          const envelope = decodePresenceEnvelope(message.value.envelope);
          if (envelope.ok) sealed(envelope.value.nonce, () => toText(envelope.value.ciphertext.slice(0, 32)), `presence of ${device}`);
        }
      }
    },
    down: (frame) => {
      if (holds(frame)) broken("I10", "the relay sent something readable");
    },
    stored: (bytes) => {
      if (holds(bytes)) broken("I10", "something readable stands on the relay's disk");
    },
    sealedLocally: (device, value) => {
      if (holds(value)) broken("I10", `something readable stands in ${device}'s storage`);
      if (value.length > 41) sealed(value.subarray(1, 25), () => toText(value.slice(25, 57)), `storage of ${device}`);
    },
    logged: (line) => {
      if (line.includes(canary)) broken("I10", "something readable stands in a log");
    },
  };
}
