/**
 * A new device gets the account from an old one, through a mailbox that may be an enemy's (docs/crypto.md, CR-24 and CR-25).
 *
 *     code    shown → read   rendezvous [, commitment]     by eye
 *     commit  shown → read   c = H(rendezvous ‖ role ‖ key of the device that shows)
 *     key     read → shown   X25519 public key
 *     reveal  shown → read   X25519 public key, checked against c
 *             both derive keys and the same digits and words, and show them
 *     device  new → old      sealed: what the old device needs to know of the new one
 *             the person compares and confirms on both
 *     payload old → new      sealed: the account's secrets, after the old device's confirmation only
 *     reply   new → old      sealed: for instance the new device's consent
 *
 * "Shown" is the device that shows the code, old or new. One side commits, the other sends, the first reveals: whoever sits between has to fix both his keys
 * before he sees what decides either side's digits, and can only guess. This is the order of ZRTP (RFC 6189 §4.4) and of Matrix (MSC1267); its analysis is Vaudenay's
 * ("Secure Communications over Insecure Channels Based on Short Authenticated Strings", CRYPTO 2005) and Pasini's and Vaudenay's (PKC 2006), with the ephemeral keys as their random strings.
 *
 * No clock and no transport: times are arguments (of one monotonic clock), messages go in and out as bytes. Secrets end with their try.
 */
import { assert, bytesEqual, err, idBytes, ok } from "@skerry/protocol";
import type { Random, Result } from "@skerry/protocol";
import type { DerivationContext } from "./contexts.ts";
import { derive } from "./derive.ts";
import { hash } from "./hash.ts";
import { agree, generateAgreementKey } from "./key-agreement.ts";
import type { AgreementKey } from "./key-agreement.ts";
import { pad, unpad } from "./padding.ts";
import { codeCommitmentBytes } from "./pairing-code.ts";
import type { PairingCode, PairingRole } from "./pairing-code.ts";
import { decodePairingMessage, encodePairingMessage, pairingDeviceBytesMax, pairingPayloadBytesMax } from "./pairing-message.ts";
import type { PairingMessageType } from "./pairing-message.ts";
import { openOnce, sealOnce } from "./seal-once.ts";
import { Secret } from "./secret.ts";
import { shortAuthenticationOf } from "./short-authentication.ts";
import type { ShortAuthentication } from "./short-authentication.ts";

/** From `createPairing` on, all tries together. */
export const pairingMs: number = 5 * 60_000;
/** Runs that were begun, however they ended. */
export const pairingTriesMax = 3;
/** Sealed messages look alike up to here. */
const paddedBytesMin = 512;

/** Why a try ended. */
export type PairingFailure =
  | "rejected"
  | "malformed"
  | "unexpected-message"
  | "wrong-commitment"
  | "weak-key"
  | "reflected"
  | "undecryptable";
/** Why nothing more is possible. */
export type PairingEnd = "too-many-tries" | "expired" | "used" | "closed";
/** `not-now`: the call does not fit the state, for instance a confirmation that came after the try had ended. Nothing changed. */
export type PairingError = PairingFailure | PairingEnd | "not-now" | "same-role";

export type PairingState =
  | { readonly at: "idle"; readonly triesLeft: number; readonly failure: PairingFailure | undefined }
  | { readonly at: "waiting" }
  | {
      readonly at: "comparing";
      readonly shown: ShortAuthentication;
      /** The other's key is the one that its code committed to: a person need not compare for this device's sake, only for the other's. */
      readonly peerIsCodes: boolean;
    }
  | { readonly at: "confirmed" | "delivered" | "received" | "done" }
  | { readonly at: "ended"; readonly reason: PairingEnd; readonly failure: PairingFailure | undefined };

/** What a call led to. `send`: messages for the other, in order. */
export interface PairingStep {
  readonly send: readonly Uint8Array[];
  /** Old device, on its confirmation: what the new one said of itself. */
  readonly device?: Uint8Array;
  /** New device, once it is confirmed and the payload is here. */
  readonly payload?: Secret;
  /** Old device, at the end. */
  readonly reply?: Uint8Array;
}

export interface Pairing {
  state(): PairingState;
  /** Begins a try with a code of our own: `full` for QR, `short` for typing. */
  showCode(form: "full" | "short", nowMs: number): Result<PairingStep & { readonly code: PairingCode }, PairingError>;
  /** Begins a try with the other's code. It comes from a screen, or from somebody who wants it to look so. */
  takeCode(code: PairingCode, nowMs: number): Result<PairingStep, PairingError>;
  /** A message from the mailbox, from anyone. An error ends the try. One that came before changes nothing. */
  receive(message: Uint8Array, nowMs: number): Result<PairingStep, PairingError>;
  /** The person saw the same digits and words on both. Only ever a person's doing on the old device. */
  confirm(nowMs: number): Result<PairingStep, PairingError>;
  /** The person saw that they differ. */
  reject(nowMs: number): Result<PairingStep, PairingError>;
  /** Old device, confirmed: seals the account's secrets. */
  sendPayload(payload: Secret, nowMs: number): Result<PairingStep, PairingError>;
  /** New device, with the payload: ends the pairing. */
  sendReply(reply: Uint8Array, nowMs: number): Result<PairingStep, PairingError>;
  /** Wipes what there is. Idempotent. */
  close(): void;
}

export type PairingOptions = { readonly random: Random; readonly openedAtMs: number } & (
  | { readonly role: "old" }
  /** `device`: at most 4 KiB, for the old device to certify. */
  | { readonly role: "new"; readonly device: Uint8Array }
);

interface SessionKeys {
  readonly transcript: Uint8Array;
  readonly shown: ShortAuthentication;
  readonly device: Secret;
  readonly payload: Secret;
  readonly reply: Secret;
}

type Stage = "await-commit" | "await-key" | "await-reveal" | "await-device" | "comparing" | "confirmed" | "delivered" | "received" | "done";

interface Run {
  stage: Stage;
  readonly rendezvous: Uint8Array;
  /** Of the device that shows the code. */
  readonly shownBy: PairingRole;
  readonly own: AgreementKey;
  readonly codeCommitment: Uint8Array | undefined;
  commitment: Uint8Array | undefined;
  keys: SessionKeys | undefined;
  /** Old: what the new device said. New: the payload, still sealed. */
  held: Uint8Array | undefined;
  /** The few that were taken. */
  readonly taken: Uint8Array[];
}

const nothing: PairingStep = { send: [] };
const roleBytes: Readonly<Record<PairingRole, Uint8Array>> = { old: Uint8Array.of(1), new: Uint8Array.of(2) };

const commitmentTo = (rendezvous: Uint8Array, shownBy: PairingRole, key: Uint8Array): Uint8Array =>
  hash("skerry.v1.pairing-commitment", rendezvous, roleBytes[shownBy], key);

export function createPairing(options: PairingOptions): Pairing {
  const { role, random, openedAtMs } = options;
  assert(options.role === "old" || options.device.length <= pairingDeviceBytesMax, "too much about the new device");
  let lastMs = openedAtMs;
  let tries = 0;
  let used = false;
  let end: PairingEnd | undefined;
  let failure: PairingFailure | undefined;
  let run: Run | undefined;

  const wipeRun = (): void => {
    if (run === undefined) return;
    run.own.secret.wipe();
    for (const key of [run.keys?.device, run.keys?.payload, run.keys?.reply]) key?.wipe();
    run.held?.fill(0);
    run = undefined;
  };
  const finish = (reason: PairingEnd): void => {
    wipeRun();
    end ??= reason;
  };
  const fail = (reason: PairingFailure): { readonly ok: false; readonly error: PairingFailure } => {
    failure = reason;
    wipeRun();
    if (used) finish("used");
    else if (tries === pairingTriesMax) finish("too-many-tries");
    return err(reason);
  };

  /** Every call passes here first. */
  const stillOpen = (nowMs: number): Result<undefined, PairingEnd> => {
    assert(nowMs >= lastMs, "a monotonic clock does not go back");
    lastMs = nowMs;
    if (nowMs - openedAtMs >= pairingMs && run?.stage !== "done") finish("expired");
    return end === undefined ? ok(undefined) : err(end);
  };

  /** An unfinished try before this one is given up; it counts. */
  const begin = (nowMs: number, start: () => Run): Result<Run, PairingError> => {
    const open = stillOpen(nowMs);
    if (!open.ok) return open;
    if (used) return err("used");
    wipeRun();
    if (tries === pairingTriesMax) {
      finish("too-many-tries");
      return err("too-many-tries");
    }
    tries++;
    failure = undefined;
    run = start();
    return ok(run);
  };

  const sealAs = (type: "device" | "payload" | "reply", keys: SessionKeys, body: Uint8Array): Uint8Array => {
    const padded = pad(body, paddedBytesMin);
    const message = encodePairingMessage(type, sealOnce(keys[type], padded, keys.transcript));
    padded.fill(0);
    return message;
  };
  const openAs = (type: "device" | "payload" | "reply", keys: SessionKeys, sealed: Uint8Array): Result<Uint8Array, "undecryptable"> => {
    const padded = openOnce(keys[type], sealed, keys.transcript);
    if (!padded.ok) return padded;
    const body = unpad(padded.value, paddedBytesMin);
    if (!body.ok) return err("undecryptable");
    const copy = body.value.slice();
    padded.value.fill(0);
    return ok(copy);
  };

  /** Both keys are known: derives everything, forgets the ephemeral secret, and lets the new device introduce itself. */
  const agreeWith = (
    current: Run,
    commitment: Uint8Array,
    peerKey: Uint8Array,
    before: readonly Uint8Array[],
  ): Result<PairingStep, PairingError> => {
    if (bytesEqual(peerKey, current.own.publicKey)) return fail("reflected");
    const shared = agree(current.own.secret, peerKey);
    current.own.secret.wipe();
    if (!shared.ok) return fail(shared.error);
    const ownIsShown = current.shownBy === role;
    const [readKey, shownKey] = ownIsShown ? [peerKey, current.own.publicKey] : [current.own.publicKey, peerKey];
    const transcript = hash("skerry.v1.pairing-transcript", current.rendezvous, roleBytes[current.shownBy], commitment, readKey, shownKey);
    const of = (context: DerivationContext): Secret => derive(context, shared.value, transcript);
    const shortAuthentication = of("skerry.v1.pairing-digits");
    const keys: SessionKeys = {
      transcript,
      shown: shortAuthenticationOf(shortAuthentication),
      device: of("skerry.v1.pairing-device"),
      payload: of("skerry.v1.pairing-payload"),
      reply: of("skerry.v1.pairing-reply"),
    };
    shortAuthentication.wipe();
    shared.value.wipe();
    current.keys = keys;
    current.stage = options.role === "old" ? "await-device" : "comparing";
    return ok({ send: options.role === "old" ? before : [...before, sealAs("device", keys, options.device)] });
  };

  const openPayload = (current: Run, keys: SessionKeys, sealed: Uint8Array): Result<PairingStep, PairingError> => {
    const payload = openAs("payload", keys, sealed);
    if (!payload.ok) return fail(payload.error);
    used = true;
    current.stage = "received";
    return ok({ send: [], payload: new Secret(payload.value) });
  };

  const take = (current: Run, type: PairingMessageType, body: Uint8Array): Result<PairingStep, PairingError> => {
    const { keys } = current;
    if (current.stage === "await-commit" && type === "commit") {
      const { codeCommitment } = current;
      if (codeCommitment !== undefined && !bytesEqual(body.subarray(0, codeCommitmentBytes), codeCommitment))
        return fail("wrong-commitment");
      current.commitment = body.slice();
      current.stage = "await-reveal";
      return ok({ send: [encodePairingMessage("key", current.own.publicKey)] });
    }
    if (current.stage === "await-key" && type === "key" && current.commitment !== undefined) {
      return agreeWith(current, current.commitment, body, [encodePairingMessage("reveal", current.own.publicKey)]);
    }
    if (current.stage === "await-reveal" && type === "reveal" && current.commitment !== undefined) {
      if (!bytesEqual(commitmentTo(current.rendezvous, current.shownBy, body), current.commitment)) return fail("wrong-commitment");
      return agreeWith(current, current.commitment, body, []);
    }
    if (current.stage === "await-device" && type === "device" && keys !== undefined) {
      const device = openAs("device", keys, body);
      if (!device.ok) return fail(device.error);
      current.held = device.value;
      current.stage = "comparing";
      return ok(nothing);
    }
    if (role === "new" && type === "payload" && keys !== undefined) {
      if (current.stage === "confirmed") return openPayload(current, keys, body);
      if (current.stage === "comparing" && current.held === undefined) {
        // Who sent it may be an enemy with an account of his own for us: it stays closed until the person has compared here too.
        current.held = body.slice();
        return ok(nothing);
      }
    }
    if (current.stage === "delivered" && type === "reply" && keys !== undefined) {
      const reply = openAs("reply", keys, body);
      if (!reply.ok) return fail(reply.error);
      current.stage = "done";
      return ok({ send: [], reply: reply.value });
    }
    return fail("unexpected-message");
  };

  return {
    state: () => {
      if (end !== undefined) return { at: "ended", reason: end, failure };
      if (run === undefined) return { at: "idle", triesLeft: pairingTriesMax - tries, failure };
      const { stage, keys, codeCommitment, shownBy } = run;
      if (stage === "comparing" && keys !== undefined) {
        return { at: "comparing", shown: keys.shown, peerIsCodes: codeCommitment !== undefined && shownBy !== role };
      }
      if (stage === "confirmed" || stage === "delivered" || stage === "received" || stage === "done") return { at: stage };
      return { at: "waiting" };
    },

    showCode: (form, nowMs) => {
      const begun = begin(nowMs, () => {
        const own = generateAgreementKey(random);
        const rendezvous = random.bytes(idBytes);
        const commitment = commitmentTo(rendezvous, role, own.publicKey);
        const codeCommitment = form === "full" ? commitment.slice(0, codeCommitmentBytes) : undefined;
        return {
          stage: "await-key",
          rendezvous,
          shownBy: role,
          own,
          codeCommitment,
          commitment,
          keys: undefined,
          held: undefined,
          taken: [],
        };
      });
      if (!begun.ok) return begun;
      const { rendezvous, codeCommitment, commitment } = begun.value;
      assert(commitment !== undefined, "who shows a code has committed");
      return ok({
        send: [encodePairingMessage("commit", commitment)],
        code: { role, rendezvous: rendezvous.slice(), commitment: codeCommitment?.slice() },
      });
    },

    takeCode: (code, nowMs) => {
      assert(code.rendezvous.length === idBytes, "a rendezvous has 16 bytes");
      if (code.role === role) return err("same-role");
      const begun = begin(nowMs, () => ({
        stage: "await-commit",
        rendezvous: code.rendezvous.slice(),
        shownBy: code.role,
        own: generateAgreementKey(random),
        codeCommitment: code.commitment?.slice(),
        commitment: undefined,
        keys: undefined,
        held: undefined,
        taken: [],
      }));
      return begun.ok ? ok(nothing) : begun;
    },

    receive: (message, nowMs) => {
      const open = stillOpen(nowMs);
      if (!open.ok) return open;
      if (run === undefined || run.stage === "done") return err("not-now");
      // A mailbox may deliver twice.
      if (run.taken.some((before) => bytesEqual(before, message))) return ok(nothing);
      const decoded = decodePairingMessage(message);
      if (!decoded.ok) return fail(decoded.error);
      const current = run;
      const step = take(current, decoded.value.type, decoded.value.body);
      if (step.ok) current.taken.push(message.slice());
      return step;
    },

    confirm: (nowMs) => {
      const open = stillOpen(nowMs);
      if (!open.ok) return open;
      if (run?.stage !== "comparing" || run.keys === undefined) return err("not-now");
      const { held, keys } = run;
      run.held = undefined;
      run.stage = "confirmed";
      if (held === undefined) return ok(nothing);
      return role === "old" ? ok({ send: [], device: held }) : openPayload(run, keys, held);
    },

    reject: (nowMs) => {
      const open = stillOpen(nowMs);
      if (!open.ok) return open;
      return run?.stage === "comparing" ? fail("rejected") : err("not-now");
    },

    sendPayload: (payload, nowMs) => {
      const open = stillOpen(nowMs);
      if (!open.ok) return open;
      if (role !== "old" || run?.stage !== "confirmed" || run.keys === undefined) return err("not-now");
      const { keys } = run;
      const message = payload.use((bytes) => {
        assert(bytes.length <= pairingPayloadBytesMax, "the payload is too large");
        return sealAs("payload", keys, bytes);
      });
      used = true;
      run.stage = "delivered";
      return ok({ send: [message] });
    },

    sendReply: (reply, nowMs) => {
      const open = stillOpen(nowMs);
      if (!open.ok) return open;
      assert(reply.length <= pairingDeviceBytesMax, "the reply is too large");
      if (run?.stage !== "received" || run.keys === undefined) return err("not-now");
      const message = sealAs("reply", run.keys, reply);
      run.stage = "done";
      return ok({ send: [message] });
    },

    close: () => finish("closed"),
  };
}
