const range = 2 ** 32;

/** A whole number from 0 to below `limit` (at most 2^32), each as likely as the others. */
export function randomBelow(limit: number): number {
  // Numbers of an incomplete last round would favour the first ones.
  const end = range - (range % limit);
  const drawn = new Uint32Array(1);
  for (;;) {
    crypto.getRandomValues(drawn);
    const [value = range] = drawn;
    if (value < end) return value % limit;
  }
}
