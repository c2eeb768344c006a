/**
 * The devices of this account (docs/peer.md, PE-25 to PE-28): who they are, how one joins and one is revoked. What they share, `home-sync.ts` keeps. An account
 * with one device has no home.
 */
import { accessHeadAt, isLiveDevice, liveDevices, settingsOf } from "@skerry/access";
import { exportAccount, importAccount } from "@skerry/crypto";
import { accessStart, bytesEqual, bytesFromText, toText } from "@skerry/protocol";
import type { AccessCursor, DeviceId, SpaceId } from "@skerry/protocol";
import type { DeviceResult, DeviceSummary, DevicesStatus, SpaceResult, Subscription } from "../client.ts";
import { backoffDelayMs, retryBackoff } from "../engine/backoff.ts";
import type { Identity } from "../engine/identity.ts";
import { createWatched } from "../engine/listeners.ts";
import { StoreError } from "../ports.ts";
import type { Space } from "../space/space.ts";
import { createHomeSync } from "./home-sync.ts";
import type { HomeSync, HomeSyncHost } from "./home-sync.ts";
import type { KitMark } from "./home-document.ts";
import { memberRows } from "./member-rows.ts";
import { addingDevice, addedBy, isUntold, revokingDevice } from "./operations.ts";
import { createOwnAccount } from "./own-account.ts";
import type { OwnAccount } from "./own-account.ts";
import type { AccountPayload, DeviceReply, Handover } from "./pairing-payload.ts";

export interface DevicesHost extends Omit<HomeSyncHost, "onChange"> {
  /** Whether a document is caught up with the relay; false if that takes too long. */
  readonly caughtUp: (docId: string) => Promise<boolean>;
}

export interface Devices {
  watch(listener: (status: DevicesStatus) => void): Subscription;
  /** On this device's disk soon after it resolves, offline too. Rejects with `io` if it can't be kept. */
  rename(deviceId: string, name: string): Promise<void>;
  revoke(deviceId: string): Promise<DeviceResult>;
  /** Nothing here opens with this device's own account only. */
  mayJoin(): boolean;
  handover(): Promise<Handover | undefined>;
  /** Why the relay takes no home of this account; undefined if it does, or was not asked yet. */
  homeRefusal(): string | undefined;
  /**
   * False also if the account has another key by now than the `newestKey` that the device was handed. `names`: how the new device calls itself, and
   * this one, should it have no name yet.
   */
  addDevice(reply: DeviceReply, newestKey: Uint8Array, names: { readonly new: string; readonly own: string }): Promise<boolean>;
  /** In one write. */
  join(payload: AccountPayload): Promise<boolean>;
  // ---- recovery words (PE-28)
  /** `stale` if the account has another key by now than the `newestKey` that is in the kit's note. */
  addKit(consent: DeviceReply, newestKey: Uint8Array, kit: KitMark): Promise<DeviceResult>;
  /** Revokes a kit, or those that the account had before it. */
  endKit(deviceId: DeviceId): Promise<DeviceResult>;
  endKitsBefore(deviceId: DeviceId): Promise<DeviceResult>;
  readonly home: HomeSync;
  // ---- what changed on this device
  changed(): void;
  /** The person was given another name here. */
  named(): void;
  titled(docId: string, title: string): void;
  forgot(docId: string): Promise<void>;
  /** The document that only devices read. */
  isHome(docId: string): boolean;
  close(): void;
}

const noSuchDevice: DeviceResult = { ok: false, error: "refused", reason: "no-such-device" };
const statusEveryMs = 100;
/** How long the relay has to take the home space, and how long a new device waits until it is one of the account's. */
const homeMs = 15_000;
const joinMs = 60_000;
const askAfterMs = 200;

export function createDevices(host: DevicesHost): Devices {
  const { env, identity, spaces } = host;
  const own = identity.device.deviceId;
  let making: Promise<void> | undefined;
  const timers = new Set<() => void>();
  /** A home that comes about later is made here, and holds nothing yet. */
  let isRead = spaces.home() === undefined;

  const watched = createWatched<DevicesStatus>(
    env.clock,
    statusEveryMs,
    () => status(),
    (error) => host.failed("devices", error),
  );
  const home = createHomeSync({ ...host, onChange: () => watched.touch() });

  const later = (delayMs: number, run: () => void): (() => void) => {
    const cancel = env.clock.schedule(delayMs, () => {
      timers.delete(cancel);
      run();
    });
    timers.add(cancel);
    return () => {
      timers.delete(cancel);
      cancel();
    };
  };

  const isHome = (docId: string): boolean => {
    const place = spaces.home();
    return place !== undefined && toText(place.docId) === docId;
  };

  // ---- who they are

  const isRevoked = (): boolean => {
    const state = home.account()?.state();
    if (state?.devices.has(toText(own)) === true && !isLiveDevice(state, own)) return true;
    const place = spaces.home();
    // It is the home of this account alone, and was read before this device took the account on (PE-26), if by the pairing only: who is turned away there is none
    // of its devices any more, or the relay has lost the end of its log.
    return place !== undefined && !place.space.isAdmitted();
  };

  const status = (): DevicesStatus => {
    const state = home.account()?.state();
    const known = [...(state?.devices.values() ?? [])].map(({ deviceId, revoked }): DeviceSummary => {
      const text = toText(deviceId);
      return {
        deviceId: text,
        name: home.deviceName(text),
        isThis: bytesEqual(deviceId, own),
        revoked,
        seenAtMs: home.document()?.seenAtMs(text),
        kitMadeAtMs: home.kitMadeAtMs(text),
      };
    });
    const self: DeviceSummary = {
      deviceId: toText(own),
      name: "",
      isThis: true,
      revoked: false,
      seenAtMs: undefined,
      kitMadeAtMs: undefined,
    };
    const devices = known.some(({ isThis }) => isThis) ? known : [self, ...known];
    const kit = known.findLast(({ revoked, kitMadeAtMs }) => !revoked && kitMadeAtMs !== undefined);
    isRead ||= state !== undefined && home.document() !== undefined;
    const rank = (one: DeviceSummary): number => (one.revoked ? 3 : one.isThis ? 0 : one.kitMadeAtMs === undefined ? 1 : 2);
    return {
      devices: devices.toSorted((a, b) => rank(a) - rank(b) || (b.seenAtMs ?? 0) - (a.seenAtMs ?? 0) || (a.deviceId < b.deviceId ? -1 : 1)),
      read: isRead,
      revoked: isRevoked(),
      untoldSpaces: state === undefined ? 0 : spaces.all().filter((space) => isUntoldIn(space, state)).length,
      kit: kit?.kitMadeAtMs === undefined ? undefined : { madeAtMs: kit.kitMadeAtMs },
      mayJoinAccount: mayJoin(),
    };
  };
  const isUntoldIn = (space: Space, state: ReturnType<OwnAccount["state"]>): boolean => {
    const known = space.state();
    // Whoever is turned away there has nothing to tell.
    return known !== undefined && space.isAdmitted() && isUntold(known, state);
  };
  /** A home that no other device ever came to holds nothing but this one's name: it is left behind. */
  const mayJoin = (): boolean => {
    const place = spaces.home();
    if (place === undefined) return spaces.all().length === 0;
    return spaces.all().length === 1 && home.account()?.state().devices.size === 1;
  };

  // ---- what people decide

  const haveHome = (): Promise<void> => (making ??= spaces.makeHome().finally(() => (making = undefined)));

  /** The home space, taken by the relay and read to its end; undefined if that takes too long. */
  const readyHome = async (): Promise<{ readonly space: Space; readonly account: OwnAccount } | undefined> => {
    const account = await spaces.account();
    await haveHome();
    home.changed();
    const place = spaces.home();
    if (place === undefined) return undefined;
    const { space } = place;
    // Refused: the operator takes no spaces of this account, and waiting does not help.
    const isDecided = (): boolean => space.standing() === "refused" || (space.standing() === "member" && space.state() !== undefined);
    if (!(await waitFor(space, homeMs, isDecided)) || space.standing() === "refused") return undefined;
    // Decided on the log as the relay has it now, not on its first page: keys that came later stand at its end.
    const isRead = await space.decide(() => Promise.resolve("nothing-to-do"));
    return isRead.ok ? { space, account } : undefined;
  };

  const waitFor = (space: Space, forMs: number, holds: () => boolean): Promise<boolean> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (holds()) end(true);
      };
      const stop = space.watch(look);
      const cancel = later(forMs, () => end(false));
      const end = (value: boolean): void => {
        stop();
        cancel();
        resolve(value);
      };
      look();
    });

  const decide = async (deviceId: DeviceId): Promise<DeviceResult> => {
    const place = spaces.home();
    if (place === undefined) return noSuchDevice;
    return resultOf(await place.space.decide(revokingDevice(deviceId, place.space.acting, identity.device)));
  };

  const revoke = async (deviceId: DeviceId): Promise<DeviceResult> => {
    const place = spaces.home();
    if (place === undefined) return noSuchDevice;
    // Which devices are recovery words stands in there.
    if (!(await home.opened()) || !(await host.caughtUp(toText(place.docId)))) return { ok: false, error: "offline", reason: "" };
    const account = home.account();
    const by = account === undefined ? undefined : addedBy(account.log(), deviceId);
    // It came in by recovery words, and may have kept them: first these end, or whoever has the device comes back by them.
    if (account !== undefined && by !== undefined && home.kitMadeAtMs(toText(by)) !== undefined) {
      const ended = await endAll(kitsOf(account));
      if (!ended.ok) return ended;
    }
    return decide(deviceId);
  };

  /** Live ones, in the order in which they came into the account. */
  const kitsOf = (account: OwnAccount): readonly DeviceId[] =>
    liveDevices(account.state()).flatMap(({ deviceId }) => (home.kitMadeAtMs(toText(deviceId)) === undefined ? [] : [deviceId]));

  const endAll = async (kits: readonly DeviceId[]): Promise<DeviceResult> => {
    for (const deviceId of kits) {
      const result = await decide(deviceId);
      if (!result.ok) return result;
    }
    return { ok: true };
  };

  const resultOf = (result: SpaceResult): DeviceResult =>
    result.ok ? result : { ok: false, error: result.error === "offline" ? "offline" : "refused", reason: result.reason || result.error };

  return {
    home,
    watch: (listener) => {
      home.changed();
      return watched.watch(listener);
    },
    rename: async (deviceId, name) => {
      await haveHome();
      home.nameDevice(deviceId, name);
      if (!(await home.written())) throw new StoreError("io", "the name could not be kept");
    },
    revoke: async (deviceId) => {
      const bytes = bytesFromText(deviceId);
      const isOther = bytes.ok && bytes.value.length === own.length && !bytesEqual(bytes.value, own);
      return isOther ? revoke(bytes.value as DeviceId) : noSuchDevice;
    },
    mayJoin,
    homeRefusal: () => {
      const space = spaces.home()?.space;
      return space?.standing() === "refused" ? space.refusal() : undefined;
    },
    handover: async () => {
      const ready = await readyHome();
      const state = ready?.space.state();
      const place = spaces.home();
      if (ready === undefined || state === undefined || place === undefined || settingsOf(state).readOnlySince !== undefined)
        return undefined;
      const landmark = accessHeadAt(state);
      const [opening] = ready.account.log();
      const { encryptionKey } = ready.account.state();
      const isKnown = ready.account.readers().some((reader) => bytesEqual(reader.encryptionKey, encryptionKey));
      if (landmark === undefined || opening === undefined || !isKnown) return undefined;
      const payload = {
        account: exportAccount(identity.account),
        opening,
        laterKeys: ready.account.laterKeys(),
        home: { spaceId: place.space.spaceId, docId: place.docId, landmark },
        displayName: host.displayName(),
      };
      return { payload, newestKey: encryptionKey };
    },
    addDevice: async (reply, newestKey, names) => {
      const place = spaces.home();
      if (place === undefined) return false;
      const added = await place.space.decide(addingDevice(reply, identity.account.accountId, identity.device, newestKey));
      if (!added.ok) return false;
      home.nameDevice(toText(reply.deviceId), names.new);
      if (names.own !== "" && home.deviceName(toText(own)) === "") home.nameDevice(toText(own), names.own);
      return true;
    },
    join: async (payload) => {
      const imported = importAccount(payload.account);
      // From here on no space is made or come into: it would be the old account's, whose keys are about to go.
      const thaw = spaces.freeze();
      let isIn = false;
      try {
        if (!imported.ok || !mayJoin()) return false;
        const joined: Identity = { ...identity, account: imported.value };
        const valid = createOwnAccount({ identity: joined, log: [payload.opening], laterKeys: payload.laterKeys });
        if (valid === undefined || !(await admittedTo(payload.home)) || !mayJoin()) return false;
        const leftBehind = (await spaces.letGoOfHome()).map((key) => [key, undefined] as const);
        await env.kv.write([...leftBehind, ...memberRows(joined, payload, env.clock.now())]);
        isIn = true;
        return true;
      } finally {
        // Once it is written, this peer has had its day: the host makes another.
        if (!isIn) thaw();
      }
    },
    addKit: async (consent, newestKey, kit) => {
      const place = spaces.home();
      if (place === undefined) return { ok: false, error: "offline", reason: "" };
      // First what it is: a device that nobody knows anything of would be worse than a mark without one.
      home.markKit(toText(consent.deviceId), kit);
      return resultOf(await place.space.decide(addingDevice(consent, identity.account.accountId, identity.device, newestKey)));
    },
    endKit: decide,
    endKitsBefore: async (deviceId) => {
      const account = home.account();
      const kits = account === undefined ? [] : kitsOf(account);
      const at = kits.findIndex((one) => bytesEqual(one, deviceId));
      // Another device has ended this one meanwhile.
      return at < 0 ? noSuchDevice : endAll(kits.slice(0, at));
    },
    changed: home.changed,
    named: home.named,
    titled: home.titled,
    forgot: async (docId) => {
      const bytes = bytesFromText(docId);
      if (bytes.ok) await spaces.home()?.space.forget(bytes.value as Parameters<Space["forget"]>[0]);
    },
    isHome,
    close: () => {
      home.close();
      for (const cancel of timers) cancel();
      watched.close();
    },
  };

  /** Asks the relay until it lets this device read the account's home, as far as the other device has read it: then the account's log names this one. */
  function admittedTo({ spaceId, landmark }: { readonly spaceId: SpaceId; readonly landmark: AccessCursor }): Promise<boolean> {
    return new Promise((resolve) => {
      let cancelAsk = (): void => {};
      let tries = 0;
      const askAgain = (notBeforeMs: number): void => {
        cancelAsk();
        cancelAsk = later(askAfterMs + backoffDelayMs(retryBackoff, Math.min(tries++, 4), env.random, notBeforeMs), ask);
      };
      const channel = host.connection.spaceChannel({
        online: () => ask(),
        offline: () => {},
        garbage: () => {},
        message: (message) => {
          if (message.channel !== channel.number()) return;
          if (message.type === "space-opened") return message.head.position >= landmark.position ? end(true) : askAgain(0);
          if (message.type === "refused" || message.type === "closed") askAgain(message.retryAfterMs);
        },
      });
      const ask = (): void => void channel.open({ spaceId, cursor: accessStart, invite: undefined });
      const cancel = later(joinMs, () => end(false));
      const end = (value: boolean): void => {
        cancelAsk();
        cancel();
        channel.close();
        resolve(value);
      };
      ask();
    });
  }
}
