import type { FailureLimit } from "./failure-limit.ts";

/** Looks tokens up of which any may be a guess. */
export interface TokenGuesses {
  /**
   * What `verify` resolves with; null counts as a failure of the address. Throws `auth:too_many_failures` when the address has
   * failed too often, before anything is looked up.
   */
  lookUp<T>(guess: TokenGuess<T>): Promise<T | null>;
}

export interface TokenGuess<T> {
  readonly token: string;
  readonly address: string | null;
  readonly verify: () => Promise<T | null>;
}

export interface TokenGuessesOptions {
  readonly failures: FailureLimit;
  /** Whether the token is known to be good. */
  readonly hasPassed: (token: string) => boolean;
}

export function createTokenGuesses({ failures, hasPassed }: TokenGuessesOptions): TokenGuesses {
  /** Whether the lookups that have not ended have found something. */
  const underWay = new Map<string, Promise<boolean>>();

  async function tryOnce<T>({ token, address, verify }: TokenGuess<T>): Promise<T | null> {
    const succeeded = failures.attempt(address);
    const found = Promise.withResolvers<boolean>();
    underWay.set(token, found.promise);
    let result: T | null = null;
    try {
      result = await verify();
      if (result !== null) succeeded();
      return result;
    } finally {
      underWay.delete(token);
      found.resolve(result !== null);
    }
  }

  return {
    async lookUp(guess) {
      const { token, verify } = guess;
      // One that is known to be good is let through: an attacker behind the same proxy must not lock its owner out. The same
      // token again while it is looked up waits for that: after a restart its owner's programs all come back at once.
      const before = underWay.get(token);
      const isGood = hasPassed(token) || (before !== undefined && (await before));
      return isGood ? verify() : tryOnce(guess);
    },
  };
}
