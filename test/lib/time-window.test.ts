import { describe, expect, it } from "vitest";
import { createTimeWindow, type CronWindow, type WallWindow } from "../../src/lib/time-window.ts";

const PARIS = "Europe/Paris";
const endOf = (window: CronWindow | WallWindow, at: string): string | null =>
  createTimeWindow(window).endOf(new Date(at))?.toISOString() ?? null;
const HOUR = 3_600_000;

describe("a window of every week", () => {
  const weekend = { from: "Fri 17:00", until: "mon 8:00", timezone: PARIS };

  it.each([
    ["before it begins", "2026-11-27T15:59:59.999Z", null],
    ["the moment it begins", "2026-11-27T16:00:00.000Z", "2026-11-30T07:00:00.000Z"],
    ["in it", "2026-11-29T12:00:00.000Z", "2026-11-30T07:00:00.000Z"],
    ["the last moment", "2026-11-30T06:59:59.999Z", "2026-11-30T07:00:00.000Z"],
    ["the moment it ends", "2026-11-30T07:00:00.000Z", null],
  ])("%s", (_name, at, end) => {
    expect(endOf(weekend, at)).toBe(end);
  });

  it("ends by the clock on the wall, when clocks are changed in it", () => {
    // 29 March 2026 forwards, 25 October back: 62 and 64 hours, not 63.
    expect(endOf(weekend, "2026-03-27T16:00:00Z")).toBe("2026-03-30T06:00:00.000Z");
    expect(endOf(weekend, "2026-10-23T15:00:00Z")).toBe("2026-10-26T07:00:00.000Z");
  });
});

describe("a window of one time", () => {
  const holidays = { from: "2026-12-23 18:00", until: "2027-01-02", timezone: "America/New_York" };

  it.each([
    ["2026-12-23T22:59:59Z", null],
    ["2026-12-23T23:00:00Z", "2027-01-02T05:00:00.000Z"],
    ["2027-01-02T05:00:00Z", null],
    ["2027-12-24T12:00:00Z", null],
  ])("at %s", (at, end) => {
    expect(endOf(holidays, at)).toBe(end);
  });
});

describe("a window of cron", () => {
  const nightly = { cron: "30 2 * * *", durationMs: 2 * HOUR, timezone: PARIS };

  it("lasts as long as it says", () => {
    expect(endOf(nightly, "2026-07-01T00:29:59Z")).toBeNull();
    expect(endOf(nightly, "2026-07-01T00:30:00Z")).toBe("2026-07-01T02:30:00.000Z");
    expect(endOf(nightly, "2026-07-01T02:30:00Z")).toBeNull();
  });

  it("begins after the gap, when its time does not exist", () => {
    expect(endOf(nightly, "2026-03-29T00:59:59Z")).toBeNull();
    expect(endOf(nightly, "2026-03-29T01:00:00Z")).toBe("2026-03-29T03:00:00.000Z");
  });

  it("begins once, when its time comes twice", () => {
    expect(endOf(nightly, "2026-10-25T00:30:00Z")).toBe("2026-10-25T02:30:00.000Z");
    expect(endOf(nightly, "2026-10-25T02:29:59Z")).toBe("2026-10-25T02:30:00.000Z");
    expect(endOf(nightly, "2026-10-25T02:30:00Z")).toBeNull();
  });

  it("may overlap with itself", () => {
    const always = { cron: "0 * * * *", durationMs: 3 * HOUR, timezone: "UTC" };
    expect(endOf(always, "2026-01-01T00:30:00Z")).toBe("2026-01-01T03:00:00.000Z");
  });
});

describe("what is no window", () => {
  const from = (text: string, until = "Mon 8:00") => ({ from: text, until, timezone: "UTC" });
  it.each([
    [from("Friday at five"), /Friday at five is no time/],
    [from("Fri 24:00"), /is no time/],
    [from("2026-02-30", "2026-03-02"), /2026-02-30 is no time/],
    [from("2026-01-01"), /both be weekly, or both be dates/],
    [from("Mon 08:00"), /the same time/],
    [from("2026-02-01", "2026-01-01"), /until is before from/],
    [{ from: "Fri 17:00", until: "Mon 8:00", timezone: "Mars/Base" }, /Mars\/Base is no time zone/],
    [{ cron: "0 25 * * *", durationMs: 1, timezone: "UTC" }, /hour/],
    [{ cron: "0 0 * *", durationMs: 1, timezone: "UTC" }, /five fields/],
    [{ cron: "0 0 30 2 *", durationMs: 1, timezone: "UTC" }, /never comes/],
  ])("%o", (window, message) => {
    expect(() => createTimeWindow(window)).toThrow(message);
  });
});
