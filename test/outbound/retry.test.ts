import { describe, expect, it } from "vitest";
import { DEFAULT_SCHEDULE, nextWait, readRetryAfter } from "../../src/outbound/retry.ts";

const NOW = new Date("2026-11-25T00:00:00.000Z");
const wait = (
  attempts: number,
  change: { jitter?: number; random?: number; retryAfterMs?: number | null } = {},
) => {
  const { jitter = 0, random = 0.5, retryAfterMs = null } = change;
  return nextWait({ attempts, rules: { schedule: DEFAULT_SCHEDULE, jitter }, retryAfterMs, random });
};

describe("the wait for the next attempt", () => {
  it("is the schedule's, and there are ten attempts", () => {
    const hours = (count: number): number => count * 3_600_000;
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((attempts) => wait(attempts))).toEqual([
      5_000,
      300_000,
      1_800_000,
      hours(2),
      hours(5),
      hours(10),
      hours(14),
      hours(20),
      hours(24),
      null,
    ]);
  });

  it("is varied by the jitter, to both sides", () => {
    expect([0, 0.5, 1].map((random) => wait(2, { jitter: 0.2, random }))).toEqual([
      240_000, 300_000, 360_000,
    ]);
  });

  it("is at least what the receiver asks for, and no more attempts than planned", () => {
    expect(wait(1, { retryAfterMs: 60_000 })).toBe(60_000);
    expect(wait(2, { retryAfterMs: 60_000 })).toBe(300_000);
    expect(wait(10, { retryAfterMs: 60_000 })).toBeNull();
  });
});

describe("Retry-After", () => {
  it.each([
    ["120", 120_000],
    [" 0 ", 0],
    ["Wed, 25 Nov 2026 00:01:00 GMT", 60_000],
    ["Wed, 25 Nov 2020 00:00:00 GMT", 0],
    ["99999999", 86_400_000],
    ["soon", null],
    ["-5x", null],
    ["", null],
    [null, null],
  ])("%j is %s ms", (header, ms) => {
    expect(readRetryAfter(header, NOW)).toBe(ms);
  });
});
