/** Counts of milliseconds in steps of a tenth, so that hours of them take no more room than minutes. */
export interface Histogram {
  add(ms: number): void;
  /** The value below which the share `of` (0 to 1) lies; NaN of none. */
  percentile(of: number): number;
  count(): number;
}

const STEPS_PER_MS = 10;
const MOST_MS = 20_000;

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(MOST_MS * STEPS_PER_MS + 1);
  let count = 0;
  return {
    add(ms) {
      const bucket = Math.min(buckets.length - 1, Math.round(ms * STEPS_PER_MS));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
    },
    percentile(of) {
      if (count === 0) return Number.NaN;
      let left = count * of;
      const found = buckets.findIndex((each) => (left -= each) <= 0);
      return found / STEPS_PER_MS;
    },
    count: () => count,
  };
}
