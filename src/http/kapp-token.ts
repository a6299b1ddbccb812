import { createHash } from "node:crypto";
import { verifyPassword } from "../lib/passwords.ts";
import { createTurns, TooMany } from "../lib/turns.ts";
import { AppError } from "../domain/errors.ts";
import { LIMITS } from "./limits.ts";

/** Checks the one token of the K-App API against its argon2 hash. */
export interface KappTokenCheck {
  enabled(): boolean;
  /** Rejects `server:busy` when too many checks wait; and when the hash is not an argon2 hash. */
  verify(token: string): Promise<boolean>;
}

/** `hash` is asked each time, so that reloaded settings count at once; null: the API is off. */
export function createKappTokenCheck(hash: () => string | null): KappTokenCheck {
  const inTurn = createTurns({ atOnce: LIMITS.passwordChecks, waiting: LIMITS.passwordChecksWaiting });
  // A token that has passed is known by its SHA-256: argon2 for each poll of a client would cost a core.
  let passed: { readonly hash: string; readonly digest: string } | null = null;

  async function check(current: string, token: string): Promise<boolean> {
    try {
      return await inTurn(() => verifyPassword(current, token));
    } catch (error) {
      if (!(error instanceof TooMany)) throw error;
      throw new AppError("server:busy", undefined, { retryAfter: LIMITS.retryAfterSeconds });
    }
  }

  return {
    enabled: () => hash() !== null,
    async verify(token) {
      const current = hash();
      if (current === null) return false;
      const digest = createHash("sha256").update(token).digest("hex");
      if (passed?.hash === current && passed.digest === digest) return true;
      const matches = await check(current, token);
      if (matches) passed = { hash: current, digest };
      return matches;
    },
  };
}
