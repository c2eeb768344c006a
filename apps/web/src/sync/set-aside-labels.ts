/** What the authors of set-aside words are called. Names are claims: whoever calls themselves like somebody else is told apart. */
import type { SetAsidePage, SpaceStatus } from "../client.ts";
import { memberLabels } from "../sharing/member-labels.ts";
import type { Named } from "../sharing/member-labels.ts";
import { strings } from "../strings.ts";

export interface SetAsideLabel {
  readonly name: string;
  /** How the person stands in the document's space now; empty if they were never in it. */
  readonly now: string;
}

/** By device id. Devices that the access log does not know are not in it. */
export function setAsideLabels(
  pages: readonly SetAsidePage[],
  space: SpaceStatus | null | undefined,
  ownName: string,
): ReadonlyMap<string, SetAsideLabel> {
  const members = space?.members ?? [];
  const former = space?.former ?? [];
  const authors = pages.flatMap(({ records }) =>
    records.flatMap(({ device, author }) => (author === undefined ? [] : [{ device, author }])),
  );
  const everybody = new Map<string, Named>();
  for (const { author } of authors) everybody.set(author.accountId, author);
  for (const one of former) everybody.set(one.accountId, { ...one, you: false });
  for (const one of members) everybody.set(one.accountId, one);
  const names = memberLabels([...everybody.values()], ownName);
  const now = new Map<string, string>([
    ...members.map(({ accountId, role }) => [accountId, strings.space.roles[role]] as const),
    ...former.map(({ accountId, gone }) => [accountId, strings.setAside.gone[gone]] as const),
  ]);
  return new Map(
    authors.map(({ device, author: { accountId, you } }) => [
      device,
      {
        name: you ? strings.space.you : (names.get(accountId)?.label ?? strings.space.unnamed),
        now: now.get(accountId) ?? "",
      },
    ]),
  );
}
