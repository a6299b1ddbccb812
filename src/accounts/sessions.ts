import { createHash, randomBytes } from "node:crypto";
import type { Asker, AuditPlace } from "../domain/audit.ts";
import type { Auditor } from "../storage/auditor.ts";
import type { Store, TokenRow } from "../storage/store.ts";
import { isLive, type Tokens } from "./tokens.ts";

const RANDOM_BYTES = 32;
/** Then the browser has to log in again. */
export const SESSION_MS = 7 * 24 * 60 * 60_000;

export interface OpenedSession {
  /** What the browser's cookie is to hold. */
  readonly secret: string;
  readonly token: TokenRow;
}

/**
 * Browsers that have logged in with a token. A session may what its token may, and ends with it. Only the SHA-256 of its
 * secret is stored.
 */
export interface Sessions {
  /** Null for a token that is unknown, expired or revoked. */
  open(token: string, place: AuditPlace): Promise<OpenedSession | null>;
  /** The live token of a live session, or null. */
  verify(secret: string): Promise<TokenRow | null>;
  end(secret: string, asker: Asker): Promise<void>;
}

export interface SessionsOptions {
  readonly store: Pick<Store, "findSession">;
  readonly auditor: Pick<Auditor, "recorded">;
  readonly tokens: Pick<Tokens, "verify">;
  readonly now?: () => Date;
}

export function createSessions({
  store,
  auditor,
  tokens,
  now = () => new Date(),
}: SessionsOptions): Sessions {
  return {
    async open(given, place) {
      const token = await tokens.verify(given);
      if (token === null) return null;
      const secret = randomBytes(RANDOM_BYTES).toString("base64url");
      const at = now();
      const audit = { asker: { by: `token:${token.name}`, place }, action: "login", target: null } as const;
      await auditor.recorded(audit, "createSession", {
        hash: hashOf(secret),
        tokenId: token.id,
        createdAt: at.toISOString(),
        expiresAt: new Date(at.getTime() + SESSION_MS).toISOString(),
      });
      return { secret, token };
    },
    async verify(secret) {
      const token = await store.findSession({ hash: hashOf(secret), now: now().toISOString() });
      return token !== null && isLive(token, now()) ? token : null;
    },
    end: (secret, asker) =>
      auditor.recorded({ asker, action: "logout", target: null }, "endSession", hashOf(secret)),
  };
}

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");
