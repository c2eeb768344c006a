/** Longest title that is written, in UTF-16 code units. A longer one that another app wrote is kept, and only shown shorter. */
export const titleLengthMax = 500;
/** Longest title that `displayTitle` gives unless told otherwise. */
export const displayTitleLengthMax = 120;

/** The first `max` code units, without cutting a surrogate pair in two. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

/** As it is stored: at most `titleLengthMax` code units. */
export const boundedTitle = (title: string): string => cut(title, titleLengthMax);

/**
 * For a tab, a list, a window: one line of at most `max` code units, with "…" if something is missing. Another member wrote it: control
 * characters and marks that turn the direction of what follows are taken out. Empty if nothing is left: the caller has the word for that.
 */
export function displayTitle(title: string, max: number = displayTitleLengthMax): string {
  // Cut first, so that the rest is bounded; what is taken out afterwards only shortens it.
  const line = cut(title, max * 4)
    .replace(/\s+/gu, " ")
    .replace(/[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu, "")
    .trim();
  return line.length <= max ? line : `${cut(line, max - 1).trimEnd()}…`;
}
