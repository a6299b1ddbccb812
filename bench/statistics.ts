/** The value below which the share `of` (0 to 1) of the values lies. */
export function percentile(values: readonly number[], of: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
