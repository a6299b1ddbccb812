import { describe, expect, it } from "vitest";
import { createFailureLimit } from "../../src/http/failure-limit.ts";
import { LIMITS } from "../../src/http/limits.ts";
import { createLoginLimit, type LoginLimit } from "../../src/http/login-limit.ts";

const address = (index: number): string => `192.0.${Math.floor(index / 250)}.${(index % 250) + 1}`;

function create(): { limit: LoginLimit; wait(ms: number): void } {
  let time = 0;
  const now = (): number => time;
  return { limit: createLoginLimit(createFailureLimit(now), now), wait: (ms) => (time += ms) };
}

describe("failed logins", () => {
  it("are bounded by address, for a while", () => {
    const { limit, wait } = create();
    for (let count = 0; count < LIMITS.failures; count += 1)
      limit.attempt({ user: `u${count}`, address: address(1) });
    expect(() => limit.attempt({ user: "dscape", address: address(1) })).toThrow(/Too many failed logins/);
    limit.attempt({ user: "dscape", address: address(2) });
    wait(LIMITS.failuresWindowMs);
    limit.attempt({ user: "dscape", address: address(1) });
  });

  it("are bounded by user, wherever they come from", () => {
    const { limit } = create();
    for (let count = 0; count < LIMITS.failuresOfUser; count += 1) {
      limit.attempt({ user: "dscape", address: address(count) });
    }
    expect(() => limit.attempt({ user: "dscape", address: address(999) })).toThrow(/Too many failed logins/);
    limit.attempt({ user: "other", address: address(999) });
  });

  it("of others do not shut out who has come in before from where they are", () => {
    const { limit } = create();
    limit.attempt({ user: "dscape", address: address(500) })();
    for (let count = 0; count < LIMITS.failuresOfUser; count += 1) {
      limit.attempt({ user: "dscape", address: address(count) });
    }
    expect(() => limit.attempt({ user: "dscape", address: address(500) })).not.toThrow();
  });

  it("do not count once they have succeeded", () => {
    const { limit } = create();
    for (let count = 0; count < 3 * LIMITS.failuresOfUser; count += 1) {
      limit.attempt({ user: "dscape", address: address(1) })();
    }
    expect(() => limit.attempt({ user: "dscape", address: address(1) })).not.toThrow();
  });
});
