import type { FastifyRequest } from "fastify";
import type { Tokens } from "../accounts/tokens.ts";
import { AppError } from "../domain/errors.ts";
import { allows, type Scope } from "../domain/scopes.ts";
import type { ClientAddress } from "./client-address.ts";
import type { FailureLimit } from "./failure-limit.ts";

/** Who a request comes from. */
export interface Identity {
  /** For the record: `token:NAME`. */
  readonly by: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

export interface Authenticator {
  /** Rejects `auth:missing`, `auth:bad_credentials`, `auth:forbidden`, `auth:too_many_failures`. */
  authenticate(request: FastifyRequest, scope: Scope): Promise<Identity>;
}

export interface AuthenticatorOptions {
  readonly tokens: Pick<Tokens, "verify" | "hasPassed">;
  readonly failures: FailureLimit;
  readonly addressOf: ClientAddress;
}

/** Bearer tokens in the Authorization header (RFC 6750); never in the URL, where logs would show them. */
export function createAuthenticator({ tokens, failures, addressOf }: AuthenticatorOptions): Authenticator {
  return {
    async authenticate(request, scope) {
      const token = bearer(request.headers.authorization);
      if (token === null) throw new AppError("auth:missing", "Send a token: Authorization: Bearer hw_…");
      // A token that is known to be good is let through: an attacker behind the same proxy must not lock its owner out.
      const succeeded = tokens.hasPassed(token) ? null : failures.attempt(addressOf(request.raw));
      const row = await tokens.verify(token);
      if (row === null)
        throw new AppError("auth:bad_credentials", "The token is unknown, expired or revoked");
      succeeded?.();
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
