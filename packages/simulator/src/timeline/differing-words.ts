/** Which words of a text the other replicas don't have: what a person looks for first when texts differ. */

export interface Piece {
  readonly text: string;
  /** Not in all texts, or not as often. */
  readonly differs: boolean;
}

const wordsOf = (text: string): string[] => text.match(/\S+/g) ?? [];

/** One list of pieces for each text, which joined give the text again. */
export function markDifferences(texts: readonly string[]): Piece[][] {
  if (texts.every((text) => text === texts[0])) return texts.map((text) => (text === "" ? [] : [{ text, differs: false }]));
  const counts = texts.map((text) => {
    const count = new Map<string, number>();
    for (const word of wordsOf(text)) count.set(word, (count.get(word) ?? 0) + 1);
    return count;
  });
  const inAll = (word: string): number => Math.min(...counts.map((count) => count.get(word) ?? 0));
  return texts.map((text) => {
    const seen = new Map<string, number>();
    const pieces: { text: string; differs: boolean }[] = [];
    for (const part of text.match(/\S+|\s+/g) ?? []) {
      const isWord = part.trim() !== "";
      const nth = (seen.get(part) ?? 0) + 1;
      if (isWord) seen.set(part, nth);
      const differs = isWord && nth > inAll(part);
      const before = pieces.at(-1);
      if (before !== undefined && before.differs === differs) before.text += part;
      else pieces.push({ text: part, differs });
    }
    return pieces;
  });
}
