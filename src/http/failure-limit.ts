import { AppError } from "../domain/errors.ts";
import { networkOf } from "../lib/networks.ts";
import { LIMITS } from "./limits.ts";

/** Counts failed logins by address (of IPv6: by network of 64 bits), so that guessing gets slow. */
export interface FailureLimit {
  /**
   * Counts a try as failed from its start, so that many at once are no way around; call what it returns when the try has
   * succeeded. Throws `auth:too_many_failures` when the address has failed too often of late.
   */
  attempt(address: string | null): () => void;
}

interface Entry {
  count: number;
  readonly until: number;
}

/** `most` failures within the window. */
export function createFailureLimit(
  now: () => number = Date.now,
  most: number = LIMITS.failures,
): FailureLimit {
  const entries = new Map<string, Entry>();

  function live(key: string): Entry {
    const known = entries.get(key);
    if (known !== undefined && known.until > now()) return known;
    entries.delete(key);
    // The oldest goes: forgetting some address is better than memory that an attacker can fill.
    if (entries.size >= LIMITS.failureAddresses) {
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    }
    const fresh = { count: 0, until: now() + LIMITS.failuresWindowMs };
    entries.set(key, fresh);
    return fresh;
  }

  return {
    attempt(address) {
      const entry = live(address === null ? "" : networkOf(address));
      if (entry.count >= most) {
        const retryAfter = Math.max(1, (entry.until - now()) / 1_000);
        throw new AppError("auth:too_many_failures", undefined, { retryAfter });
      }
      entry.count += 1;
      return () => {
        entry.count -= 1;
      };
    },
  };
}
