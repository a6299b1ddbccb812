import { AppError } from "../domain/errors.ts";
import { networkOf } from "../lib/networks.ts";
import { LIMITS } from "./limits.ts";

/** Counts failed logins by address (of IPv6: by network of 64 bits), so that guessing gets slow. */
export interface FailureLimit {
  /** Throws `auth:too_many_failures` when the address has failed too often of late. */
  check(address: string | null): void;
  fail(address: string | null): void;
}

interface Entry {
  readonly count: number;
  readonly until: number;
}

export function createFailureLimit(now: () => number = Date.now): FailureLimit {
  const entries = new Map<string, Entry>();

  function live(key: string): Entry | null {
    const entry = entries.get(key);
    if (entry === undefined || entry.until > now()) return entry ?? null;
    entries.delete(key);
    return null;
  }

  return {
    check(address) {
      const entry = live(keyOf(address));
      if (entry === null || entry.count < LIMITS.failures) return;
      const retryAfter = Math.max(1, (entry.until - now()) / 1_000);
      throw new AppError("auth:too_many_failures", undefined, { retryAfter });
    },
    fail(address) {
      const key = keyOf(address);
      const entry = live(key);
      // The oldest goes: forgetting some address is better than memory that an attacker can fill.
      if (entry === null && entries.size >= LIMITS.failureAddresses) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
      const until = entry?.until ?? now() + LIMITS.failuresWindowMs;
      entries.set(key, { count: (entry?.count ?? 0) + 1, until });
    },
  };
}

const keyOf = (address: string | null): string => (address === null ? "" : networkOf(address));
