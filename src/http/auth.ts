import type { FastifyRequest } from "fastify";
import type { Sessions } from "../accounts/sessions.ts";
import type { Tokens } from "../accounts/tokens.ts";
import { AppError } from "../domain/errors.ts";
import { allows, type Scope } from "../domain/scopes.ts";
import type { TokenRow } from "../storage/store.ts";
import type { ClientAddress } from "./client-address.ts";
import type { FailureLimit } from "./failure-limit.ts";
import { noteProved } from "./gate.ts";
import { checkSameOrigin, sessionSecret } from "./session-cookie.ts";

/** Who a request comes from. */
export interface Identity {
  /** For the record: `token:NAME`. */
  readonly by: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

export interface Authenticator {
  /**
   * Rejects `auth:missing`, `auth:bad_credentials`, `auth:forbidden`, `auth:too_many_failures`, and `auth:cross_site` for a
   * change by a session's cookie that may not come from the dashboard.
   */
  authenticate(request: FastifyRequest, scope: Scope): Promise<Identity>;
  /** Does something with a token that a stranger may be guessing. Rejects where it resolves with null. */
  guarded<T>(request: FastifyRequest, token: string, verify: () => Promise<T | null>): Promise<T>;
}

export interface AuthenticatorOptions {
  readonly tokens: Pick<Tokens, "verify" | "hasPassed">;
  readonly sessions: Pick<Sessions, "verify">;
  readonly failures: FailureLimit;
  readonly addressOf: ClientAddress;
}

/**
 * Bearer tokens in the Authorization header (RFC 6750), never in the URL, where logs would show them; or the cookie of a
 * session, which the dashboard has.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { tokens, sessions, failures, addressOf } = options;

  const guarded: Authenticator["guarded"] = async (request, token, verify) => {
    // A token that is known to be good is let through: an attacker behind the same proxy must not lock its owner out.
    const succeeded = tokens.hasPassed(token) ? null : failures.attempt(addressOf(request.raw));
    const result = await verify();
    if (result === null)
      throw new AppError("auth:bad_credentials", "The token is unknown, expired or revoked");
    succeeded?.();
    noteProved(request);
    return result;
  };

  /** Not counted as a failure: nobody guesses 256 bits, and a browser whose session is over asks in several tabs. */
  async function bySession(request: FastifyRequest): Promise<TokenRow> {
    const secret = sessionSecret(request.headers);
    if (secret === null) throw new AppError("auth:missing", "Send a token: Authorization: Bearer hw_…");
    checkSameOrigin(request.method, request.headers);
    const row = await sessions.verify(secret);
    if (row === null) throw new AppError("auth:bad_credentials", "The session is over; log in again");
    noteProved(request);
    return row;
  }

  return {
    guarded,
    async authenticate(request, scope) {
      const token = bearer(request.headers.authorization);
      const row =
        token === null ? await bySession(request) : await guarded(request, token, () => tokens.verify(token));
      if (!allows(row.scopes, scope)) {
        throw new AppError(
          "auth:forbidden",
          `This needs the scope ${scope}; the token has ${row.scopes.join(", ")}`,
        );
      }
      return { by: `token:${row.name}`, name: row.name, scopes: row.scopes };
    },
  };
}

function bearer(header: string | undefined): string | null {
  const [, token] = /^Bearer +(\S+)$/i.exec(header ?? "") ?? [];
  return token ?? null;
}
