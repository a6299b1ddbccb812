import { describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { LIMITS } from "../../src/http/limits.ts";
import { API, createRateLimit, type Entered } from "../../src/http/rate-limit.ts";
import type { RateLimits } from "../../src/settings/settings.ts";

const SMALL: RateLimits = { client: { perSecond: 2, burst: 5 }, source: null };

function createKnocker(limits: RateLimits = SMALL, open: readonly string[] = []) {
  let time = 0;
  const limit = createRateLimit({
    limits: () => limits,
    proves: (scope) => !open.includes(scope),
    now: () => time,
  });
  const enter = (address: string | null, scope = "app"): Entered | AppError => {
    try {
      return limit.enter(scope, address);
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  };
  const isIn = (result: Entered | AppError): result is Entered => !(result instanceof AppError);
  return {
    enter,
    pass: (ms: number) => void (time += ms),
    /** How many of at most 1000 requests get in, one after the other; each of them good where that is said. */
    send(address: string | null, { scope = "app", good = false } = {}): number {
      for (let sent = 0; sent < 1_000; sent += 1) {
        const result = enter(address, scope);
        if (!isIn(result)) return sent;
        if (good) result.proved();
      }
      return 1_000;
    },
    /** How many of at most 1000 requests get in that are all under way at once. */
    sendAtOnce(address: string, scope = "app"): number {
      const results = Array.from({ length: 1_000 }, () => enter(address, scope)).filter(isIn);
      for (const result of results) result.proved();
      return results.length;
    },
  };
}

describe("the rate limit of a client", () => {
  it("lets a burst in, then as many as its rate says, and tells when to come again", () => {
    const knocker = createKnocker();
    expect(knocker.send("192.0.2.1")).toBe(5);
    expect(knocker.enter("192.0.2.1")).toMatchObject({ code: "rate:limited", status: 429, retryAfter: 0.5 });
    knocker.pass(500);
    expect(knocker.send("192.0.2.1")).toBe(1);
    knocker.pass(60_000);
    expect(knocker.send("192.0.2.1")).toBe(5);
  });

  it("does not count requests whose sender proved who it is", () => {
    const knocker = createKnocker();
    expect(knocker.send("192.0.2.1", { good: true })).toBe(1_000);
  });

  it("gives who has proved it lately more room, also for what is under way at once", () => {
    const knocker = createKnocker();
    expect(knocker.sendAtOnce("192.0.2.1")).toBe(5);
    expect(knocker.sendAtOnce("192.0.2.1")).toBe(5 * LIMITS.rateKnownFactor);
  });

  it("keeps that room for that source: guesses at others behind the same address don't take it", () => {
    const knocker = createKnocker();
    knocker.send("192.0.2.1", { good: true });
    for (const scope of ["other", API]) expect(knocker.send("192.0.2.1", { scope })).toBe(5);
    expect(knocker.sendAtOnce("192.0.2.1")).toBe(5 * LIMITS.rateKnownFactor);
  });

  it("counts everything at a source that takes everybody's word", () => {
    const knocker = createKnocker(SMALL, ["open"]);
    expect(knocker.send("192.0.2.1", { scope: "open", good: true })).toBe(5);
  });

  it("takes the addresses of one IPv6 network for one, and others for others", () => {
    const knocker = createKnocker();
    expect(knocker.send("2001:db8:1:2::1")).toBe(5);
    expect(knocker.send("2001:db8:1:2:ffff::2")).toBe(0);
    expect(knocker.send("2001:db8:1:3::1")).toBe(5);
    expect(knocker.send("192.0.2.1")).toBe(5);
    expect(knocker.send("::ffff:192.0.2.1")).toBe(0);
  });

  it("limits nobody where clients can't be told apart, or where it is off", () => {
    expect(createKnocker().send(null)).toBe(1_000);
    expect(createKnocker({ client: null, source: null }).send("192.0.2.1")).toBe(1_000);
  });

  it("is not shut by many addresses, and can't be made to forget who is known", () => {
    const knocker = createKnocker();
    knocker.send("192.0.2.1", { good: true });
    for (let host = 0; host < 3 * LIMITS.rateStrangers; host += 1) {
      knocker.enter(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`);
    }
    expect(knocker.sendAtOnce("192.0.2.1")).toBe(5 * LIMITS.rateKnownFactor);
    expect(knocker.send("192.0.2.2")).toBe(5);
  });
});

describe("the rate limit of a source", () => {
  const limits: RateLimits = { client: null, source: { perSecond: 1, burst: 3 } };

  it("counts what was proved, from wherever it came", () => {
    const knocker = createKnocker(limits);
    expect(knocker.send("192.0.2.1", { good: true })).toBe(3);
    expect(knocker.enter("192.0.2.2")).toMatchObject({ code: "rate:limited", retryAfter: 1 });
    expect(knocker.send("192.0.2.2", { scope: "other", good: true })).toBe(3);
    knocker.pass(2_000);
    expect(knocker.send("192.0.2.2", { good: true })).toBe(2);
  });

  it("can't be used up by strangers", () => {
    const knocker = createKnocker(limits);
    expect(knocker.send("192.0.2.9")).toBe(1_000);
    expect(knocker.send("192.0.2.1", { good: true })).toBe(3);
  });
});
