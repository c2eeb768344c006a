import { refusalFor } from "../refusal.ts";
import { accountState } from "../state/space-state.ts";
import type { Rule } from "./proposal.ts";

/** AC-25: news are of an account that the space knows, and there are some. */
export const newsAreNews: Rule<"account-news"> = ({ space, body }) =>
  body.account.operations.length > 0 && accountState(space, body.account.accountId) !== undefined
    ? undefined
    : refusalFor("account-refused");
