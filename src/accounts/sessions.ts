import { createHash, randomBytes } from "node:crypto";
import type { Asker, AuditPlace } from "../domain/audit.ts";
import type { User } from "../domain/user.ts";
import type { Auditor } from "../storage/auditor.ts";
import type { Store, TokenRow } from "../storage/store.ts";
import { isLive, type Tokens } from "./tokens.ts";

const RANDOM_BYTES = 32;
/** Then the browser has to log in again. */
export const SESSION_MS = 7 * 24 * 60 * 60_000;

/** Whose a session is. */
export type Holder =
  | { readonly type: "token"; readonly token: TokenRow }
  | { readonly type: "user"; readonly user: User };

export interface OpenedSession {
  /** What the browser's cookie is to hold. */
  readonly secret: string;
  readonly holder: Holder;
}

/**
 * Browsers that have logged in. A session may what its token, or its user, may, and ends with it. Only the SHA-256 of its secret
 * is stored.
 */
export interface Sessions {
  /** Null for a token that is unknown, expired or revoked. */
  open(token: string, place: AuditPlace): Promise<OpenedSession | null>;
  /** For a user who has shown the right password. Null where they are not there any more. */
  openFor(user: string, place: AuditPlace): Promise<OpenedSession | null>;
  /** Whose a live session is, or null. */
  verify(secret: string): Promise<Holder | null>;
  end(secret: string, asker: Asker): Promise<void>;
}

export interface SessionsOptions {
  readonly store: Pick<Store, "findSession" | "findUserSession" | "getUser">;
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
  async function create(holder: Holder, place: AuditPlace): Promise<OpenedSession> {
    const secret = randomBytes(RANDOM_BYTES).toString("base64url");
    const at = now();
    const audit = { asker: { by: nameOf(holder), place }, action: "login", target: null } as const;
    await auditor.recorded(audit, "createSession", {
      hash: hashOf(secret),
      ...(holder.type === "token" ? { tokenId: holder.token.id } : { tokenId: null, user: holder.user.name }),
      createdAt: at.toISOString(),
      expiresAt: new Date(at.getTime() + SESSION_MS).toISOString(),
    });
    return { secret, holder };
  }

  return {
    async open(given, place) {
      const token = await tokens.verify(given);
      return token === null ? null : create({ type: "token", token }, place);
    },
    async openFor(name, place) {
      const user = await store.getUser(name);
      return user === null || user.disabledAt !== null ? null : create({ type: "user", user }, place);
    },
    async verify(secret) {
      const input = { hash: hashOf(secret), now: now().toISOString() };
      const token = await store.findSession(input);
      if (token !== null) return isLive(token, now()) ? { type: "token", token } : null;
      const user = await store.findUserSession(input);
      return user === null || user.disabledAt !== null ? null : { type: "user", user };
    },
    end: (secret, asker) =>
      auditor.recorded({ asker, action: "logout", target: null }, "endSession", hashOf(secret)),
  };
}

/** For the record. */
export const nameOf = (holder: Holder): string =>
  holder.type === "token" ? `token:${holder.token.name}` : `user:${holder.user.name}`;

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");
