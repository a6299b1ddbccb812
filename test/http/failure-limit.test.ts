import { describe, expect, it } from "vitest";
import { createFailureLimit } from "../../src/http/failure-limit.ts";
import { LIMITS } from "../../src/http/limits.ts";

function createGuesser() {
  let time = 0;
  const limit = createFailureLimit(() => time);
  return {
    pass: (ms: number) => void (time += ms),
    attempt: (address: string | null) => limit.attempt(address),
    /** How many tries get through. */
    exhaust(address: string | null): number {
      for (let tries = 0; ; tries += 1) {
        try {
          limit.attempt(address);
        } catch {
          return tries;
        }
      }
    },
  };
}

describe("the limit on failures", () => {
  it("refuses after so many, until the window of the first has passed", () => {
    const guesser = createGuesser();
    expect(guesser.exhaust("192.0.2.1")).toBe(LIMITS.failures);
    guesser.pass(LIMITS.failuresWindowMs - 1_500);
    expect(() => guesser.attempt("192.0.2.1")).toThrow(
      expect.objectContaining({ code: "auth:too_many_failures", status: 429, retryAfter: 1.5 }),
    );
    guesser.pass(1_500);
    expect(guesser.exhaust("192.0.2.1")).toBe(LIMITS.failures);
  });

  it("does not count what succeeded", () => {
    const guesser = createGuesser();
    for (let tries = 0; tries < 100; tries += 1) guesser.attempt("192.0.2.1")();
    expect(guesser.exhaust("192.0.2.1")).toBe(LIMITS.failures);
  });

  it.each([
    ["an IPv4 address written as IPv6", "192.0.2.1", "::ffff:192.0.2.1"],
    ["addresses of one IPv6 network, which one customer has", "2001:db8:1:2::1", "2001:db8:1:2:ffff::2"],
    ["connections that are gone", null, null],
  ])("takes %s for one", (_name, one, other) => {
    const guesser = createGuesser();
    guesser.exhaust(one);
    expect(guesser.exhaust(other)).toBe(0);
  });

  it.each([
    ["192.0.2.1", "192.0.2.2"],
    ["2001:db8:1:2::1", "2001:db8:1:3::1"],
  ])("takes %s and %s for two", (one, other) => {
    const guesser = createGuesser();
    guesser.exhaust(one);
    expect(guesser.exhaust(other)).toBe(LIMITS.failures);
  });

  it("remembers no more addresses than it has room for", () => {
    const guesser = createGuesser();
    guesser.exhaust("192.0.2.1");
    for (let host = 0; host < LIMITS.failureAddresses; host += 1) {
      guesser.attempt(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`);
    }
    expect(guesser.exhaust("192.0.2.1")).toBe(LIMITS.failures);
  });
});
