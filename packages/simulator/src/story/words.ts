/** Small words for sentences. */
const quotedMax = 40;

export const quote = (text: string): string => {
  const plain = text.replace(/\s+/g, " ").trim();
  const chars = Array.from(plain);
  return `“${chars.length > quotedMax ? `${chars.slice(0, quotedMax - 1).join("")}…` : plain}”`;
};

export const plural = (count: number, word: string): string => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** "a", "a and b", "a, b and c"; beyond `max` "a, b and 7 more". */
export function enumerate(parts: readonly string[], max = 5): string {
  const shown = parts.length > max ? [...parts.slice(0, max - 1), `${parts.length - max + 1} more`] : parts;
  return shown.length < 2 ? (shown[0] ?? "nobody") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1) ?? ""}`;
}

/** As a sentence of its own: with a full stop. Names stay as they are written. */
export const sentence = (text: string): string => (/[.!?…]”?$/.test(text) ? text : `${text}.`);
