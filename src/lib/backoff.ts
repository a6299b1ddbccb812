import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two tries. */
export interface Waits {
  readonly first: number;
  readonly longest: number;
}

/** Waits before a further try: longer each time, and not all that wait at the same moment. Resolves early at the signal. */
export async function backOff(
  { first, longest }: Waits,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  const ms = Math.min(first * 2 ** Math.min(failures - 1, 16), longest);
  await sleep(ms * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}

/** An error in one line, with what it was caused by: `fetch failed` alone says little. */
export function inOneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message || cause.name}` : error.message;
}
