/**
 * One pairing (docs/peer.md, PE-26), on either side: the protocol of docs/crypto.md (CR-24 to CR-26) over a mailbox at the relay. Whoever sits at the
 * relay, or came by the code, can be at the other end until a person has compared.
 */
import {
  createPairing,
  exportSecret,
  formatPairingCode,
  importAccount,
  pairingMs,
  pairingTriesMax,
  parsePairingCode,
  Secret,
  signDeviceConsent,
  verifyDeviceConsent,
} from "@skerry/crypto";
import type { Pairing, PairingCode, PairingError as CryptoError, PairingStep } from "@skerry/crypto";
import { assert, bytesEqual, idBytes } from "@skerry/protocol";
import type { Result } from "@skerry/protocol";
import type { PairingResult, PairingRole, PairingStatus } from "../client.ts";
import type { Connection, MailboxMessage } from "../engine/connection.ts";
import type { Identity } from "../engine/identity.ts";
import { shorten } from "../engine/library.ts";
import { createWatched } from "../engine/listeners.ts";
import type { Env } from "../ports.ts";
import {
  decodeIntroduction,
  decodePayload,
  decodeReply,
  deviceNameBytesMax,
  encodeIntroduction,
  encodePayload,
  encodeReply,
} from "./pairing-payload.ts";
import type { AccountPayload, DeviceIntroduction, DeviceReply, Handover } from "./pairing-payload.ts";

export interface PairingHost {
  readonly env: Pick<Env, "clock" | "random" | "log">;
  readonly connection: Connection;
  readonly identity: Identity;
  /** New device: it has nothing that only its own account opens. */
  readonly mayJoin: () => boolean;
  /** Old device: what the new one gets. Undefined if the relay takes no home space from this account. */
  readonly handover: () => Promise<Handover | undefined>;
  /** Old device: the new one is one of the account's, at the relay too. False if that can't be done now, or the account has a key that is newer than what it got. */
  readonly addDevice: (
    reply: DeviceReply,
    newestKey: Uint8Array,
    names: { readonly new: string; readonly own: string },
  ) => Promise<boolean>;
  /** New device: resolves once the account has taken it and everything is durable. False if that did not happen in time. */
  readonly join: (payload: AccountPayload) => Promise<boolean>;
  /** New device: it is of another account now, and begins again. */
  readonly joined: () => void;
  readonly failed: (what: string, error: unknown) => void;
}

export interface PairingSession {
  start(role: PairingRole, deviceName: string): PairingResult;
  showCode(form: "full" | "short"): PairingResult;
  takeCode(text: string): PairingResult;
  confirm(): PairingResult;
  reject(): PairingResult;
  close(): void;
  watch(listener: (status: PairingStatus) => void): () => void;
  /** The peer ends. */
  end(): void;
}

/** How soon a mailbox that the relay had no time for is asked for again, if it does not say. */
const meetAgainMs = 1_000;
const notNow: PairingResult = { ok: false, error: "not-now" };
const done: PairingResult = { ok: true };

/** One opening of pairing, of at most three tries. */
interface Opened {
  readonly role: PairingRole;
  readonly name: string;
  readonly pairing: Pairing;
  readonly endsAtMs: number;
  readonly cancelEnd: () => void;
  tries: number;
  code: string | undefined;
  rendezvous: Uint8Array | undefined;
  /** What this side said in this try: said again on each connection, since the last one may have lost it. */
  readonly said: Uint8Array[];
  /** Where the crypto is no longer asked. */
  outcome: "finishing" | "done" | "not-added" | undefined;
  /** The relay does not let the two meet. */
  unmet: string | undefined;
  introduction: DeviceIntroduction | undefined;
  /** Old device: the newest of the account's keys that the new one got in this try. */
  newestKey: Uint8Array | undefined;
}

export function createPairingSession(host: PairingHost): PairingSession {
  const { env, connection, identity } = host;
  const { clock } = env;
  let opened: Opened | undefined;
  let mailboxOpen = false;
  let cancelMeet = (): void => {};

  const watched = createWatched<PairingStatus>(
    clock,
    0,
    () => status(),
    (error) => host.failed("pairing", error),
  );
  const channel = connection.mailboxChannel({
    online: () => meet(),
    offline: () => {
      mailboxOpen = false;
      watched.touch();
    },
    garbage: () => {},
    message: (message) => {
      if (message.channel === channel.number()) heard(message);
    },
  });

  const meet = (): void => {
    mailboxOpen = false;
    const rendezvous = opened?.rendezvous;
    if (rendezvous === undefined || opened?.unmet !== undefined) return channel.shut();
    channel.open({ rendezvous });
  };

  const say = (messages: readonly Uint8Array[]): void => {
    for (const body of messages) {
      opened?.said.push(body);
      if (mailboxOpen) channel.send({ type: "post-mail", body });
    }
  };

  const heard = (message: MailboxMessage): void => {
    const mine = opened;
    if (mine === undefined) return;
    switch (message.type) {
      case "mailbox-opened":
        mailboxOpen = true;
        for (const body of mine.said) channel.send({ type: "post-mail", body });
        break;
      case "mail":
        // Once secrets were given or got, what still comes is of no use.
        if (mine.outcome === undefined) went(mine, mine.pairing.receive(message.body.slice(), clock.monotonic()));
        break;
      case "refused":
      case "closed":
        if (message.type === "refused" && message.code === "rate-limited") {
          cancelMeet();
          cancelMeet = clock.schedule(Math.max(message.retryAfterMs, meetAgainMs), () => opened === mine && meet());
          break;
        }
        env.log("info", "pairing.unmet", { code: message.code });
        mine.unmet = message.code;
        mailboxOpen = false;
        channel.shut();
    }
    watched.touch();
  };

  /** What a call of the protocol led to. */
  const went = (mine: Opened, result: Result<PairingStep, CryptoError>): PairingResult => {
    if (!result.ok) {
      env.log("info", "pairing.failed", { reason: result.error });
      watched.touch();
      return notNow;
    }
    const { send, device, payload, reply } = result.value;
    say(send);
    if (device !== undefined) give(mine, device);
    if (payload !== undefined) {
      const bytes = exportSecret(payload);
      payload.wipe();
      take(mine, bytes);
    }
    if (reply !== undefined) add(mine, reply);
    watched.touch();
    return done;
  };

  /** The rest happens without a person; `run` says whether it did. */
  const finish = (mine: Opened, run: () => Promise<boolean>): void => {
    mine.outcome = "finishing";
    run()
      .catch((error: unknown) => {
        host.failed("pairing", error);
        return false;
      })
      .then((went) => {
        mine.outcome = went ? "done" : "not-added";
        env.log("info", "pairing.ended", { role: mine.role, added: went, introduced: mine.introduction !== undefined });
        mine.cancelEnd();
        mine.pairing.close();
        if (opened !== mine) return;
        watched.touch();
        if (went && mine.role === "new") host.joined();
        else channel.shut();
      })
      .catch((error: unknown) => host.failed("pairing", error));
  };

  /** Old device, confirmed: the account goes to whom the person compared with. */
  const give = (mine: Opened, device: Uint8Array): void => {
    const introduction = decodeIntroduction(device);
    if (!introduction.ok) return finish(mine, () => Promise.resolve(false));
    mine.introduction = introduction.value;
    host
      .handover()
      .then((handover) => {
        if (opened !== mine || mine.outcome !== undefined) return;
        if (handover === undefined) return finish(mine, () => Promise.resolve(false));
        const { payload, newestKey } = handover;
        mine.newestKey = newestKey;
        const bytes = encodePayload(payload);
        payload.account.fill(0);
        const secret = new Secret(bytes);
        went(mine, mine.pairing.sendPayload(secret, clock.monotonic()));
        secret.wipe();
      })
      .catch((error: unknown) => {
        host.failed("pairing", error);
        if (mine.outcome === undefined) finish(mine, () => Promise.resolve(false));
      });
  };

  /** Old device: the new one wants to be of this account. */
  const add = (mine: Opened, bytes: Uint8Array): void => {
    const reply = decodeReply(bytes);
    const { introduction, newestKey } = mine;
    const isTheSame =
      reply.ok &&
      introduction !== undefined &&
      newestKey !== undefined &&
      bytesEqual(reply.value.deviceId, introduction.deviceId) &&
      verifyDeviceConsent(reply.value.deviceId, identity.account.accountId, reply.value.consent);
    finish(mine, () =>
      isTheSame ? host.addDevice(reply.value, newestKey, { new: introduction.name, own: mine.name }) : Promise.resolve(false),
    );
  };

  /** New device, confirmed here too: it consents, and waits until the account has taken it. */
  const take = (mine: Opened, bytes: Uint8Array): void => {
    // Its fields are views of these bytes, which are wiped when it is over.
    const payload = decodePayload(bytes);
    const account = payload.ok ? importAccount(payload.value.account) : undefined;
    if (!payload.ok || account?.ok !== true) return finish(mine, () => Promise.resolve(false));
    const { deviceId, secret } = identity.device;
    const reply = encodeReply({ deviceId, consent: signDeviceConsent(secret, account.value.accountId) });
    const sent = mine.pairing.sendReply(reply, clock.monotonic());
    if (!sent.ok) return finish(mine, () => Promise.resolve(false));
    say(sent.value.send);
    finish(mine, () => host.join(payload.value).finally(() => bytes.fill(0)));
  };

  const status = (): PairingStatus => {
    if (opened === undefined) return { at: "off" };
    const { role, endsAtMs, outcome, code, introduction, tries, unmet } = opened;
    const deviceName = introduction?.name ?? "";
    const triesLeft = pairingTriesMax - tries;
    if (outcome === "finishing") return { at: "finishing", role, endsAtMs };
    if (outcome === "done") return { at: "done", role, deviceName };
    if (outcome === "not-added") return { at: "ended", role, reason: "not-added", failure: undefined };
    const state = opened.pairing.state();
    switch (state.at) {
      case "ended":
        return { at: "ended", role, reason: state.reason, failure: state.failure };
      case "idle":
        return { at: "idle", role, triesLeft: state.triesLeft, endsAtMs, failure: state.failure };
      case "comparing":
        return { at: "comparing", role, digits: state.shown.digits, words: state.shown.words, endsAtMs, deviceName };
      case "waiting":
        if (unmet !== undefined) return { at: "idle", role, triesLeft, endsAtMs, failure: unmet };
        return { at: "waiting", role, code, triesLeft, endsAtMs, online: mailboxOpen };
      default:
        return { at: "finishing", role, endsAtMs };
    }
  };

  const close = (): void => {
    if (opened === undefined) return;
    // What is being finished goes on: the other device counts on it.
    if (opened.outcome === "finishing") return;
    opened.cancelEnd();
    opened.pairing.close();
    opened = undefined;
    channel.shut();
    watched.touch();
  };

  /** A try begins: with a rendezvous of its own, and nothing said. */
  const begin = (
    mine: Opened,
    result: Result<PairingStep & { readonly code?: PairingCode }, CryptoError>,
    code: PairingCode | undefined,
  ) => {
    if (!result.ok) {
      watched.touch();
      return notNow;
    }
    const met = code ?? result.value.code;
    assert(met !== undefined && met.rendezvous.length === idBytes, "a try has a rendezvous");
    mine.tries++;
    mine.said.length = 0;
    mine.unmet = undefined;
    mine.introduction = undefined;
    mine.newestKey = undefined;
    mine.rendezvous = met.rendezvous;
    mine.code = code === undefined ? formatPairingCode(met) : undefined;
    mailboxOpen = false;
    say(result.value.send);
    meet();
    watched.touch();
    return done;
  };

  /** Nothing is asked of the protocol any more once secrets are on their way. */
  const trying = (): Opened | undefined => (opened?.outcome === undefined ? opened : undefined);

  return {
    start: (role, deviceName) => {
      if (opened?.outcome === "finishing") return notNow;
      if (role === "new" && !host.mayJoin()) return { ok: false, error: "may-not-join" };
      close();
      const name = shorten(deviceName, deviceNameBytesMax);
      const openedAtMs = clock.monotonic();
      const options = { random: env.random, openedAtMs };
      const introduction = { deviceId: identity.device.deviceId, name };
      const pairing = createPairing(role === "old" ? { ...options, role } : { ...options, role, device: encodeIntroduction(introduction) });
      const mine: Opened = {
        role,
        name,
        pairing,
        endsAtMs: clock.now() + pairingMs,
        cancelEnd: clock.schedule(pairingMs, () => {
          // Any call tells it that its time is over.
          if (mine.outcome === undefined) pairing.reject(clock.monotonic());
          if (opened === mine && mine.outcome === undefined) channel.shut();
          watched.touch();
        }),
        tries: 0,
        code: undefined,
        rendezvous: undefined,
        said: [],
        outcome: undefined,
        unmet: undefined,
        introduction: undefined,
        newestKey: undefined,
      };
      opened = mine;
      watched.touch();
      return done;
    },
    showCode: (form) => {
      const mine = trying();
      return mine === undefined ? notNow : begin(mine, mine.pairing.showCode(form, clock.monotonic()), undefined);
    },
    takeCode: (text) => {
      const mine = trying();
      if (mine === undefined) return notNow;
      const code = parsePairingCode(text);
      if (!code.ok) return { ok: false, error: `code-${code.error}` };
      if (code.value.role === mine.role) return { ok: false, error: "same-role" };
      return begin(mine, mine.pairing.takeCode(code.value, clock.monotonic()), code.value);
    },
    confirm: () => {
      const mine = trying();
      return mine === undefined ? notNow : went(mine, mine.pairing.confirm(clock.monotonic()));
    },
    reject: () => {
      const mine = trying();
      if (mine?.pairing.state().at !== "comparing") return notNow;
      mine.pairing.reject(clock.monotonic());
      channel.shut();
      watched.touch();
      return done;
    },
    close,
    watch: (listener) => watched.watch(listener),
    end: () => {
      cancelMeet();
      opened?.cancelEnd();
      opened?.pairing.close();
      opened = undefined;
      channel.close();
      watched.close();
    },
  };
}
