/** Half-open ranges of integers, disjoint and not touching. Adding costs about log n: ranges lie in chunks of bounded size. */
const chunkMax = 256;

interface Chunk {
  readonly starts: number[];
  readonly ends: number[];
}

const lastOf = (values: readonly number[]): number => values[values.length - 1] ?? -1;

/** Index of the first element that is ≥ `value`, or the length. `values` ascend. */
function lowerBound(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class RangeSet {
  private readonly chunks: Chunk[] = [];
  private count = 0;

  /** Number of ranges. */
  get size(): number {
    return this.count;
  }

  /** Adds [from, to), merging what overlaps or touches. */
  add(from: number, to: number): void {
    if (from >= to) return;
    let [at, index] = this.seek(from);
    let start = from;
    let end = to;
    // Take out every range that overlaps or touches, chunk by chunk, then put the union in where the first one was.
    let chunk = this.chunks[at];
    while (chunk !== undefined) {
      let until = index;
      while (until < chunk.starts.length && (chunk.starts[until] ?? 0) <= end) until += 1;
      if (until > index) {
        start = Math.min(start, chunk.starts[index] ?? start);
        end = Math.max(end, chunk.ends[until - 1] ?? end);
        chunk.starts.splice(index, until - index);
        chunk.ends.splice(index, until - index);
        this.count -= until - index;
      }
      if (index < chunk.starts.length) break;
      const next = this.chunks[at + 1];
      if (next === undefined || (next.starts[0] ?? Infinity) > end) break;
      if (chunk.starts.length === 0) this.chunks.splice(at, 1);
      else at += 1;
      index = 0;
      chunk = this.chunks[at];
    }
    this.insert(at, index, start, end);
  }

  /** Removes [from, to) wherever it is held. */
  delete(from: number, to: number): void {
    const held: [number, number][] = [];
    for (const [start, end] of this.overlapping(from, to)) held.push([start, end]);
    for (const [start, end] of held) {
      const [at, index] = this.seek(start + 1);
      const chunk = this.chunks[at];
      if (chunk === undefined) continue;
      chunk.starts.splice(index, 1);
      chunk.ends.splice(index, 1);
      this.count -= 1;
      if (chunk.starts.length === 0) this.chunks.splice(at, 1);
      this.add(start, Math.min(end, from));
      this.add(Math.max(start, to), end);
    }
  }

  /** True if all of [from, to) is held. */
  has(from: number, to: number): boolean {
    for (const _ of this.missing(from, to)) return false;
    return true;
  }

  /** The parts of [from, to) that are not held, ascending. Do not change the set meanwhile. */
  *missing(from: number, to: number): IterableIterator<readonly [from: number, to: number]> {
    let at = from;
    for (const [start, end] of this.overlapping(from, to)) {
      if (start > at) yield [at, start];
      at = end;
    }
    if (at < to) yield [at, to];
  }

  /** The parts of [from, to) that are held, ascending. Do not change the set meanwhile. */
  *held(from: number, to: number): IterableIterator<readonly [from: number, to: number]> {
    for (const [start, end] of this.overlapping(from, to)) yield [Math.max(start, from), Math.min(end, to)];
  }

  /** All ranges, ascending. Do not change the set meanwhile. */
  *[Symbol.iterator](): IterableIterator<readonly [from: number, to: number]> {
    for (const { starts, ends } of this.chunks) {
      for (let index = 0; index < starts.length; index++) yield [starts[index] ?? 0, ends[index] ?? 0];
    }
  }

  private *overlapping(from: number, to: number): IterableIterator<readonly [from: number, to: number]> {
    if (from >= to) return;
    let [at, index] = this.seek(from + 1);
    for (let chunk = this.chunks[at]; chunk !== undefined; chunk = this.chunks[++at], index = 0) {
      for (; index < chunk.starts.length; index++) {
        const start = chunk.starts[index] ?? 0;
        if (start >= to) return;
        yield [start, chunk.ends[index] ?? 0];
      }
    }
  }

  /** Place of the first range whose end is ≥ `end`; one past the last range of the last chunk if there is none. */
  private seek(end: number): [chunk: number, index: number] {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lastOf(this.chunks[middle]?.ends ?? []) < end) low = middle + 1;
      else high = middle;
    }
    const last = this.chunks[low - 1];
    if (low === this.chunks.length) return last === undefined ? [0, 0] : [low - 1, last.starts.length];
    return [low, lowerBound(this.chunks[low]?.ends ?? [], end)];
  }

  private insert(at: number, index: number, start: number, end: number): void {
    const chunk = this.chunks[at];
    this.count += 1;
    if (chunk === undefined) {
      this.chunks.splice(at, 0, { starts: [start], ends: [end] });
      return;
    }
    chunk.starts.splice(index, 0, start);
    chunk.ends.splice(index, 0, end);
    if (chunk.starts.length <= chunkMax) return;
    const half = chunk.starts.length >>> 1;
    this.chunks.splice(at + 1, 0, { starts: chunk.starts.splice(half), ends: chunk.ends.splice(half) });
  }
}
