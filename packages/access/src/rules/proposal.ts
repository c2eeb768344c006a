/** What a rule of a space looks at: the space before an operation, who signed it, and what it says. */
import { assert, err, ok } from "@skerry/protocol";
import type { DeviceId, Result } from "@skerry/protocol";
import { applyAccountOperations } from "../account/apply.ts";
import type { AccountState } from "../account/state.ts";
import type { CarriedAccount, SpaceBodies } from "../format/space-body.ts";
import { refusalFor } from "../refusal.ts";
import type { Refusal } from "../refusal.ts";
import { accountState } from "../state/space-state.ts";
import type { SpaceState } from "../state/space-state.ts";

export type SpaceBodyType = keyof SpaceBodies;

export interface Proposal<Type extends SpaceBodyType> {
  /** The space before the operation. Its settings are there: the first operation is judged on its own. */
  readonly space: SpaceState;
  readonly body: SpaceBodies[Type];
  readonly signer: DeviceId;
  readonly receivedAtMs: number;
  /** The carried account as it is with the operations that the body carries. Computed once, when first asked: it costs signatures. */
  carried(): Result<AccountState, Refusal>;
}

/** A rule answers with its refusal, or with nothing. */
export type Rule<Type extends SpaceBodyType> = (proposal: Proposal<Type>) => Refusal | undefined;

export type CarryingType = {
  [Type in SpaceBodyType]: SpaceBodies[Type] extends { readonly account: CarriedAccount } ? Type : never;
}[SpaceBodyType];

export type Carried = Pick<Proposal<CarryingType>, "carried">;

export const carriedAccount = ({ carried }: Carried): AccountState => {
  const account = carried();
  assert(account.ok, "carriedAccountIsValid comes first");
  return account.value;
};

/** Reads a carried account on top of what the space knows of it. */
export function readCarried(space: SpaceState | undefined, { accountId, operations }: CarriedAccount): Result<AccountState, Refusal> {
  const known = space === undefined ? undefined : accountState(space, accountId);
  const read = applyAccountOperations(accountId, known, operations);
  if (!read.ok) return err(refusalFor("account-refused", read.error));
  return read.value === undefined ? err(refusalFor("account-refused", refusalFor("not-an-opening"))) : ok(read.value);
}
