/**
 * What a device says of its account, judged (docs/protocol.md, AL-8). Introductions come from anyone: what counts is the account's own log, which the rulebook
 * follows from where the space knows it.
 */
import { accountState, applyAccount, decodeAccountOperation, isHere, isLiveDevice } from "@skerry/access";
import type { SpaceState } from "@skerry/access";
import { bytesEqual } from "@skerry/protocol";
import type { AccountId, DeviceId, Introduction } from "@skerry/protocol";

/** Its account has this device after the operations that the space knows, and more. */
export interface Introduced {
  readonly accountId: AccountId;
  /** The hash of each operation, by its number, from the one on that was the last that the space knew. */
  readonly hashes: ReadonlyMap<number, Uint8Array>;
}

/** Undefined if it proves nothing. Each operation costs a signature or two: others are served between. */
export async function judgeIntroduction(
  state: SpaceState,
  deviceId: DeviceId,
  { accountId, operations }: Introduction,
  endOfTurn: (run: () => void) => void,
): Promise<Introduced | undefined> {
  const known = accountState(state, accountId);
  if (known === undefined || !isHere(state, accountId)) return undefined;
  let account = known;
  const hashes = new Map<number, Uint8Array>([[known.n, known.hash]]);
  for (const operation of operations) {
    const decoded = decodeAccountOperation(operation);
    if (!decoded.ok) return undefined;
    if (decoded.value.n <= known.n) continue;
    const applied = applyAccount(known.accountId, account, operation);
    if (!applied.ok) return undefined;
    account = applied.value;
    hashes.set(account.n, account.hash);
    await new Promise<void>((resolve) => endOfTurn(resolve));
  }
  return isLiveDevice(account, deviceId) ? { accountId: known.accountId, hashes } : undefined;
}

/** Whether it holds of the space as it is now: what that knows of the account is what was judged, or the beginning of it. */
export function isIntroduced(state: SpaceState, { accountId, hashes }: Introduced): boolean {
  const known = accountState(state, accountId);
  const hash = known === undefined ? undefined : hashes.get(known.n);
  return known !== undefined && hash !== undefined && bytesEqual(hash, known.hash);
}
