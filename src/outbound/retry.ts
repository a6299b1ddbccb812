import type { EndpointRules } from "./endpoint.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** As https://www.standardwebhooks.com recommends: ten attempts within about three days. */
export const DEFAULT_SCHEDULE: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Nobody is believed who asks for a longer pause. */
const LONGEST_PAUSE_MS = 24 * HOUR;

export interface RetryInput {
  /** Attempts that have ended, all of them failed. */
  readonly attempts: number;
  readonly rules: Pick<EndpointRules, "schedule" | "jitter">;
  /** What the receiver asked for. */
  readonly retryAfterMs: number | null;
  /** 0 to 1, as `Math.random` gives it. */
  readonly random: number;
}

/** Milliseconds until the next attempt; null: that was the last one. */
export function nextWait({
  attempts,
  rules: { schedule, jitter },
  retryAfterMs,
  random,
}: RetryInput): number | null {
  const planned = schedule[attempts];
  if (planned === undefined) return null;
  const varied = planned * (1 + jitter * (2 * random - 1));
  return Math.round(Math.max(varied, retryAfterMs ?? 0));
}

/** Milliseconds that a `Retry-After` header asks for (RFC 9110: seconds or a date), at most a day; null when it says nothing. */
export function readRetryAfter(header: string | null, now: Date): number | null {
  if (header === null || header.trim() === "") return null;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now.getTime();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS);
}
