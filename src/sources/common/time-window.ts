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

/** `timestamp`: whole seconds since 1970. */
export const isRecent = (
  timestamp: string,
  { now, windowMs }: { readonly now: Date; readonly windowMs: number },
): boolean => /^\d+$/.test(timestamp) && Math.abs(now.getTime() - Number(timestamp) * 1_000) <= windowMs;
