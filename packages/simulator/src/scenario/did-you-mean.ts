/** The nearest of some words to one that is none of them, if one is near. */
export function didYouMean(word: string, words: readonly string[]): string | undefined {
  const lower = word.toLowerCase().slice(0, 60);
  const near = words
    .map((candidate) => ({ candidate, distance: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near === undefined || near.distance > Math.max(1, Math.min(3, Math.floor(near.candidate.length / 2.5)))) return undefined;
  return near.candidate;
}

/** Edits from one to the other, a swap of neighbours counting as one (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, (before[column - 2] ?? 0) + 1);
      }
      next.push(least);
    }
    before = last;
    last = next;
  }
  return last[b.length] ?? 0;
}
