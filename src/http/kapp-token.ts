import { createHash } from "node:crypto";
import { verifyPassword } from "../lib/passwords.ts";
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
  let running = 0;
  const waiting: (() => void)[] = [];
  // A token that has passed is known by its SHA-256: argon2 for each poll of a client would cost a core.
  let passed: { readonly hash: string; readonly digest: string } | null = null;

  async function inTurn(work: () => Promise<boolean>): Promise<boolean> {
    if (running >= LIMITS.passwordChecks) {
      if (waiting.length >= LIMITS.passwordChecksWaiting) {
        throw new AppError("server:busy", undefined, { retryAfter: LIMITS.retryAfterSeconds });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  }

  return {
    enabled: () => hash() !== null,
    async verify(token) {
      const current = hash();
      if (current === null) return false;
      const digest = createHash("sha256").update(token).digest("hex");
      if (passed?.hash === current && passed.digest === digest) return true;
      const matches = await inTurn(() => verifyPassword(current, token));
      if (matches) passed = { hash: current, digest };
      return matches;
    },
  };
}
