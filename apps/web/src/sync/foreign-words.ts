/**
 * Words that nobody vouches for, as they may be read and used: without control characters and without what turns the direction of other words, so that what
 * a person sees is what they take. Lines and tabs stay; empty lines before the first word do not.
 */
export const foreignWords = (text: string): string =>
  text.replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "").replace(/^\s*\n/, "");
