/** What people are called in lists. Names are claims: cleaned, cut, and told apart where two claim the same. */
import type { Member } from "../client.ts";
import { cleanName, initialsOf } from "../editor/people.ts";
import { strings } from "../strings.ts";

const markLength = 6;

/** Same to the eye: case and compatibility forms do not count. */
const lookOf = (label: string): string => label.normalize("NFKC").toLocaleLowerCase();

export interface MemberLabel {
  readonly label: string;
  readonly initials: string;
}

/** Anybody who has an account. */
export type Named = Pick<Member, "accountId" | "name" | "you">;

/** By account id. `ownName` is what this device calls itself, whatever others have heard. */
export function memberLabels(members: readonly Named[], ownName: string): ReadonlyMap<string, MemberLabel> {
  const plain = members.map((member) => {
    const name = cleanName(member.you ? ownName : member.name);
    return { accountId: member.accountId, initials: initialsOf(name), label: name === "" ? strings.space.unnamed : name };
  });
  const counts = new Map<string, number>();
  for (const { label } of plain) counts.set(lookOf(label), (counts.get(lookOf(label)) ?? 0) + 1);
  const isUnique = (label: string): boolean => counts.get(lookOf(label)) === 1;
  return new Map(
    plain.map(({ accountId, initials, label }) => [
      accountId,
      { initials, label: isUnique(label) ? label : `${label} · ${accountId.slice(0, markLength)}` },
    ]),
  );
}
