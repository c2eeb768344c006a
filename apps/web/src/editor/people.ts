/**
 * Who else has the document open, read from presence. Presence is sealed on the way, but what a member puts into it is theirs: names are
 * cleaned and cut, colours come only from our palette, cursors are checked.
 */

/** Number of `--person-N` colours in `styles/tokens.css`. */
export const paletteSize = 8;

/** What we publish as `user.color`, for other Yjs editors; ours take the index and use the theme's own shade. */
const palette = ["#0f6f75", "#a8471f", "#5b4bb5", "#8a6100", "#a02c6b", "#2f6b2f", "#245fb0", "#7a4a2b"] as const;

const nameCharactersMax = 40;
const peopleMax = 100;

export interface Person {
  readonly clientId: number;
  readonly name: string;
  readonly initials: string;
  readonly colour: number;
  readonly isYou: boolean;
  /** How many windows show the same name and colour. */
  readonly windows: number;
}

/** What this window publishes about itself. Unmodified y-codemirror shows it too. */
export interface PresenceUser {
  readonly name: string;
  readonly color: string;
}

/** A colour that stays with the account. */
export const colourOfAccount = (accountId: string): number => {
  let sum = 0;
  for (const character of accountId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum % paletteSize;
};

export const presenceUser = (name: string, accountId: string): PresenceUser => ({
  name: cleanName(name),
  color: palette[colourOfAccount(accountId)] ?? palette[0],
});

/** Without control characters and direction overrides, on one line, at most 40 characters. */
export const cleanName = (name: string): string =>
  Array.from(
    name
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")
      .replace(/\s+/g, " ")
      .trim(),
  )
    .slice(0, nameCharactersMax)
    .join("");

export const initialsOf = (name: string): string => {
  const words = name.split(" ").filter((word) => word !== "");
  const first = Array.from(words[0] ?? "")[0] ?? "?";
  const last = words.length > 1 ? (Array.from(words.at(-1) ?? "")[0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

export function readUser(clientId: number, state: unknown): { readonly name: string; readonly colour: number } {
  const user = isObject(state) && isObject(state["user"]) ? state["user"] : {};
  const name = typeof user["name"] === "string" ? cleanName(user["name"].slice(0, 400)) : "";
  const known = palette.findIndex((colour) => colour === user["color"]);
  return { name, colour: known >= 0 ? known : Math.abs(clientId) % paletteSize };
}

/** You first, then the others by name; windows of the same person together. */
export function readPeople(states: ReadonlyMap<number, unknown>, ownClientId: number): readonly Person[] {
  const byLook = new Map<string, Person>();
  for (const [clientId, state] of states) {
    if (byLook.size >= peopleMax) break;
    const isYou = clientId === ownClientId;
    const { name, colour } = readUser(clientId, state);
    const key = name === "" ? `#${clientId}` : `${colour} ${name}`;
    const same = byLook.get(key);
    byLook.set(key, {
      clientId: same?.clientId ?? clientId,
      name,
      initials: initialsOf(name),
      colour,
      isYou: isYou || (same?.isYou ?? false),
      windows: (same?.windows ?? 0) + 1,
    });
  }
  return [...byLook.values()].toSorted((a, b) => Number(b.isYou) - Number(a.isYou) || a.name.localeCompare(b.name));
}
