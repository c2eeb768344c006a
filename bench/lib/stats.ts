/** Small statistics over samples in milliseconds. */
export const quantile = (sorted: ArrayLike<number>, q: number): number =>
  sorted.length === 0 ? Number.NaN : (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN);

export const median = (values: readonly number[]): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

export const round = (value: number, digits = 2): number => (Number.isFinite(value) ? Number(value.toFixed(digits)) : value);

export interface Latencies {
  add(ms: number): void;
  quantile(q: number): number;
}

export function createLatencies(): Latencies {
  const samples: number[] = [];
  return {
    add: (ms) => void samples.push(ms),
    quantile: (q) => quantile(Float64Array.from(samples).sort(), q),
  };
}
