import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** Default 30 s. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** What is waited for, for the error. */
  readonly what: string;
}

/** Waits until `check` gives something other than null, undefined or false; for code that also runs without vitest. */
export async function until<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 30_000, intervalMs = 20, what }: UntilOptions,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== null && value !== undefined && value !== false) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the line above has excluded
      return value as NonNullable<Exclude<T, false>>;
    }
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await delay(intervalMs);
  }
}
