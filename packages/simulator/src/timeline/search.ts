/** Places in ascending columns. */

/** Index of the first value greater than `wanted`; the length if there is none. */
export function firstAfter(values: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Index of the first value that is `wanted` or greater. */
export function firstFrom(values: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
