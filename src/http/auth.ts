import type { FastifyRequest } from "fastify";
import { type AuditPlace, type AuditWay, UNKNOWN } from "../domain/audit.ts";
import { type Holder, nameOf, type Sessions } from "../accounts/sessions.ts";
import type { Tokens } from "../accounts/tokens.ts";
import { AppError } from "../domain/errors.ts";
import { allows, type Scope } from "../domain/scopes.ts";
import type { Reach } from "../usecases/reach-of.ts";
import type { AccessLog } from "./access-log.ts";
import type { ClientAddress } from "./client-address.ts";
import type { FailureLimit } from "./failure-limit.ts";
import { noteProved } from "./gate.ts";
import { checkSameOrigin, sessionSecret } from "./session-cookie.ts";
import { createTokenGuesses } from "./token-guesses.ts";

/** Who a request comes from. */
export interface Identity {
  /** For the record: `token:NAME`. */
  readonly by: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Of a user: what they may see and deploy whatever their scopes; null: it is a token. */
  readonly reach: Reach | null;
  /** From where. */
  readonly place: AuditPlace;
}

export interface Authenticator {
  /**
   * Rejects `auth:missing`, `auth:bad_credentials`, `auth:forbidden`, `auth:too_many_failures`, and `auth:cross_site` for a
   * change by a session's cookie that may not come from the dashboard.
   */
  authenticate(request: FastifyRequest, scope: Scope, options?: AuthenticateOptions): Promise<Identity>;
  /** Records that somebody known may not do what they ask for, and makes the error that says so. */
  forbid(request: FastifyRequest, identity: Identity, message: string): AppError;
  /** Does something with a token that a stranger may be guessing. Rejects where it resolves with null. */
  guarded<T>(request: FastifyRequest, token: string, verify: () => Promise<T | null>): Promise<T>;
}

export interface AuthenticateOptions {
  /** Let in also who has not the scope, but apps; the caller sees to it that they reach nothing else. */
  readonly ofApps?: boolean;
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
  readonly reachOf: (user: string) => Reach;
}

/**
 * Bearer tokens in the Authorization header (RFC 6750), never in the URL, where logs would show them; or the cookie of a
 * session, which the dashboard has.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { tokens, sessions, failures, addressOf, refusals } = options;
  const guesses = createTokenGuesses({ failures, hasPassed: (token) => tokens.hasPassed(token) });

  const guarded: Authenticator["guarded"] = async (request, token, verify) => {
    const address = addressOf(request.raw);
    return refusals.ofLogin({ by: UNKNOWN, place: { way: options.way, address } }, async () => {
      const result = await guesses.lookUp({ token, address, verify });
      if (result === null)
        throw new AppError("auth:bad_credentials", "The token is unknown, expired or revoked");
      noteProved(request);
      return result;
    });
  };

  /** Not counted as a failure: nobody guesses 256 bits, and a browser whose session is over asks in several tabs. */
  async function bySession(request: FastifyRequest): Promise<Holder> {
    const secret = sessionSecret(request.headers);
    if (secret === null) throw new AppError("auth:missing", "Send a token: Authorization: Bearer hw_…");
    checkSameOrigin(request.method, request.headers);
    const holder = await sessions.verify(secret);
    if (holder === null) throw new AppError("auth:bad_credentials", "The session is over; log in again");
    noteProved(request);
    return holder;
  }

  async function byToken(request: FastifyRequest, given: string): Promise<Holder> {
    const token = await guarded(request, given, () => tokens.verify(given));
    return { type: "token", token };
  }

  const forbid: Authenticator["forbid"] = (request, identity, message) => {
    const error = new AppError("auth:forbidden", message);
    refusals.ofRequest(identity, request, error);
    return error;
  };

  return {
    guarded,
    forbid,
    async authenticate(request, scope, { ofApps = false } = {}) {
      const token = bearer(request.headers.authorization);
      const holder = token === null ? await bySession(request) : await byToken(request, token);
      const { name, scopes } = holder.type === "token" ? holder.token : holder.user;
      const reach = holder.type === "token" ? null : options.reachOf(name);
      const way = token === null ? "dashboard" : options.way;
      const place = { way, address: addressOf(request.raw) } as const;
      const identity = { by: nameOf(holder), name, scopes, reach, place };
      if (allows(scopes, scope)) return identity;
      if (ofApps && scope !== "admin" && reach !== null && reach.actions.length > 0) return identity;
      const has = scopes.length === 0 ? "none" : scopes.join(", ");
      throw forbid(request, identity, `This needs the scope ${scope}; ${nameOf(holder)} has ${has}`);
    },
  };
}

function bearer(header: string | undefined): string | null {
  const [, token] = /^Bearer +(\S+)$/i.exec(header ?? "") ?? [];
  return token ?? null;
}
