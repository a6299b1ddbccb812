import { AppError } from "../domain/errors.ts";
import { networkOf } from "../lib/networks.ts";
import { createFailureLimit, type FailureLimit } from "./failure-limit.ts";
import { LIMITS } from "./limits.ts";

export interface LoginAttempt {
  readonly user: string;
  readonly address: string | null;
}

/** Counts failed logins by address and by user. Who has come in before from where they are is not shut out by others' guesses. */
export interface LoginLimit {
  /** As FailureLimit.attempt; throws `mw:auth:too_many_failures`. */
  attempt(input: LoginAttempt): () => void;
}

/** `addresses` may be shared with other ways to log in. */
export function createLoginLimit(addresses: FailureLimit, now: () => number = Date.now): LoginLimit {
  const users = createFailureLimit(now, LIMITS.failuresOfUser);
  // Networks from which a user has come in.
  const known = new Set<string>();

  function remember(key: string): void {
    const [oldest] = known;
    if (known.size >= LIMITS.failureAddresses && oldest !== undefined) known.delete(oldest);
    known.add(key);
  }

  return {
    attempt({ user, address }) {
      const place = `${user} ${address === null ? "" : networkOf(address)}`;
      try {
        const byAddress = addresses.attempt(address);
        // A guess at somebody who is known there still counts, but only for strangers.
        const byUser = known.has(place) ? (): void => undefined : users.attempt(user);
        return () => {
          byAddress();
          byUser();
          remember(place);
        };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { retryAfter } = error;
        throw new AppError("mw:auth:too_many_failures", "Too many failed logins; wait, then try again", {
          cause: error,
          ...(retryAfter !== undefined && { retryAfter }),
        });
      }
    },
  };
}
