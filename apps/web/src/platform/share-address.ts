/** Share links as people see them: `<this site>/s#<fragment>`. */
export const toShareAddress = (origin: string, fragment: string): string => `${origin}/s#${fragment}`;

/** The fragment of whatever someone pasted: a whole address or only the part after `#`. */
export function fragmentOf(pasted: string): string {
  const text = pasted.trim();
  const hash = text.indexOf("#");
  if (hash >= 0) return text.slice(hash + 1);
  return text.includes("/") ? "" : text;
}
