import type { FastifyRequest } from "fastify";
import { type AuditPlace, type AuditWay, UNKNOWN } from "../domain/audit.ts";
import type { Sessions } from "../accounts/sessions.ts";
import type { Tokens } from "../accounts/tokens.ts";
import { AppError } from "../domain/errors.ts";
import { allows, type Scope } from "../domain/scopes.ts";
import type { TokenRow } from "../storage/store.ts";
import type { AccessLog } from "./access-log.ts";
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
  /** From where. */
  readonly place: AuditPlace;
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
  /** Told of what is refused. */
  readonly refusals: AccessLog;
  /** How somebody with a token comes here. */
  readonly way: AuditWay;
}

/**
 * Bearer tokens in the Authorization header (RFC 6750), never in the URL, where logs would show them; or the cookie of a
 * session, which the dashboard has.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { tokens, sessions, failures, addressOf, refusals } = options;

  const guarded: Authenticator["guarded"] = async (request, token, verify) => {
    // A token that is known to be good is let through: an attacker behind the same proxy must not lock its owner out.
    const address = addressOf(request.raw);
    return refusals.ofLogin({ by: UNKNOWN, place: { way: options.way, address } }, async () => {
      const succeeded = tokens.hasPassed(token) ? null : failures.attempt(address);
      const result = await verify();
      if (result === null)
        throw new AppError("auth:bad_credentials", "The token is unknown, expired or revoked");
      succeeded?.();
      noteProved(request);
      return result;
    });
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
      const way = token === null ? "dashboard" : options.way;
      const place = { way, address: addressOf(request.raw) } as const;
      const identity = { by: `token:${row.name}`, name: row.name, scopes: row.scopes, place };
      if (allows(row.scopes, scope)) return identity;
      const error = new AppError(
        "auth:forbidden",
        `This needs the scope ${scope}; the token has ${row.scopes.join(", ")}`,
      );
      refusals.ofRequest(identity, request, error);
      throw error;
    },
  };
}

function bearer(header: string | undefined): string | null {
  const [, token] = /^Bearer +(\S+)$/i.exec(header ?? "") ?? [];
  return token ?? null;
}
