/** Membership of one document as the space's access log says it. */
import {
  accountOfDevice,
  documentOf,
  documentRights,
  isLiveDevice,
  judgeEntry,
  judgeSnapshot,
  newestFenceIn,
  readersFrom,
  roleOf,
  settingsOf,
} from "@skerry/access";
import type { SpaceState } from "@skerry/access";
import { toText } from "@skerry/protocol";
import type { DeviceId, DocId } from "@skerry/protocol";
import type { Membership } from "../engine/membership.ts";
import type { Space } from "./space.ts";

export function createLogMembership(space: Space, docId: DocId, own: DeviceId): Membership {
  /** Its account has revoked this device: so it does not wait until this space hears of it, too. */
  const isDisowned = (): boolean => {
    const account = space.acting.account.state();
    return account.devices.has(toText(own)) && !isLiveDevice(account, own);
  };
  const hasKey = (state: SpaceState): boolean => space.keys.hasDocumentKey(docId, settingsOf(state).epoch);
  const mayWrite = (): boolean => {
    const state = space.state();
    if (isDisowned()) return false;
    if (state === undefined || space.isOutdated() || space.distrust() !== undefined || !space.isAdmitted()) return false;
    return documentRights(state, own, docId).write && hasKey(state);
  };
  /** Asked after every edit, and it takes a look at every member. */
  let counted: { readonly state: SpaceState; readonly from: number } | undefined;
  const readersOf = (state: SpaceState): number => {
    if (counted?.state !== state) counted = { state, from: readersFrom(state) };
    return counted.from;
  };
  return {
    hasLog: true,
    currentEpoch: () => {
      const state = space.state();
      return state === undefined ? 0 : settingsOf(state).epoch;
    },
    documentKey: (epoch) => space.keys.documentKey(docId, epoch),
    firstEpoch: () => space.keys.firstEpoch(docId),
    snapshotFrom: () => {
      const state = space.state();
      if (state === undefined || readersOf(state) === 0 || !mayWrite()) return 0;
      const account = accountOfDevice(state, own);
      return account !== undefined && roleOf(state, account.accountId) === "owner" ? readersOf(state) : 0;
    },
    vouches: (deviceId, position) => {
      const state = space.state();
      return state !== undefined && judgeSnapshot(state, deviceId, position).ok;
    },
    counts: (deviceId, epoch, { seq, position, positionBefore }) => {
      const state = space.state();
      return state !== undefined && judgeEntry(state, { docId, seq, deviceId, epoch, position, positionBefore }).ok;
    },
    // Sealed under the key in use, by a device that may read: a removed one has an old key, and a relay that helps it.
    mayBePresent: (deviceId, epoch) => {
      const state = space.state();
      return state !== undefined && epoch === settingsOf(state).epoch && documentRights(state, deviceId, docId).read;
    },
    newestFence: () => {
      const state = space.state();
      return state === undefined ? undefined : newestFenceIn(state, docId);
    },
    isCurrent: () => space.isCurrent(),
    knows: (position) => position <= (space.state()?.position ?? 0),
    position: () => space.state()?.position ?? 0,
    mayRead: () => {
      const state = space.state();
      if (state === undefined || !space.isAdmitted() || !documentRights(state, own, docId).read) return false;
      // Without the key in use what comes would be set aside: it is waited for.
      return hasKey(state);
    },
    mayWrite,
    refusal: () => {
      const state = space.state();
      if (state === undefined || mayWrite()) return undefined;
      if (space.distrust() !== undefined || space.isOutdated()) return "not-allowed";
      const standing = space.standing(docId);
      if (standing === "removed" || standing === "left" || standing === "refused") return "not-allowed";
      // Not in the log yet, or the key is on its way.
      const account = accountOfDevice(state, own);
      const isRevoked = isDisowned() || (account !== undefined && !isLiveDevice(account, own));
      const isReader = documentOf(state, docId) !== undefined && !documentRights(state, own, docId).write;
      return isRevoked || isReader ? "not-allowed" : undefined;
    },
    watch: (listener) => space.watch(listener),
  };
}
