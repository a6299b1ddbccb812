import { median } from "../../../bench/statistics.ts";

/** Medians of a server's resident memory at the beginning and at the end of a time, in MB. */
export interface Flatness {
  readonly firstMb: number;
  readonly lastMb: number;
}

/** Of the first third of the samples, and of the last. */
export function flatness(samples: readonly number[]): Flatness {
  const third = Math.max(1, Math.floor(samples.length / 3));
  return { firstMb: median(samples.slice(0, third)), lastMb: median(samples.slice(-third)) };
}

/** Medians of so many samples may differ by so much by chance, and by what a longer list of waiting tasks takes. */
const MOST_GROWTH = 1.25;
export const isFlat = ({ firstMb, lastMb }: Flatness): boolean => lastMb <= firstMb * MOST_GROWTH;
