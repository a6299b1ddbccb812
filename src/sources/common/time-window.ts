import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "../../lib/duration.ts";

const HINT = "expected a duration such as 30s or 5m, of at most 1h";
const LONGEST_MS = 3_600_000;

/** Settings: how far a signed time may be from ours, in milliseconds. */
export const timeWindow = z
  .string(HINT)
  .regex(DURATION_PATTERN, HINT)
  .transform((text) => parseDuration(text) ?? 0)
  .refine((ms) => ms >= 1_000 && ms <= LONGEST_MS, { error: HINT })
  .prefault("5m")
  .describe("How far the signed time may be from this server's, either way.");

/** How a time is written: whole seconds since 1970, or a date such as `Fri, 08 Sep 2017 11:24:32 GMT`, its comma left out or not. */
export const timeFormat = z.enum(["unix", "date"]);
export type TimeFormat = z.output<typeof timeFormat>;

const DATE = /^[A-Z][a-z]{2},? \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|UTC)$/;

function millisecondsOf(timestamp: string, format: TimeFormat): number {
  if (format === "date") return DATE.test(timestamp) ? Date.parse(timestamp) : NaN;
  return /^\d+$/.test(timestamp) ? Number(timestamp) * 1_000 : NaN;
}

export interface RecentInput {
  readonly now: Date;
  readonly windowMs: number;
  readonly format?: TimeFormat;
}

/** False too for what is no time. */
export const isRecent = (timestamp: string, { now, windowMs, format = "unix" }: RecentInput): boolean =>
  Math.abs(now.getTime() - millisecondsOf(timestamp, format)) <= windowMs;
