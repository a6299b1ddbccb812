import type { FastifyRequest } from "fastify";
import type { Login, Users } from "../../../accounts/users.ts";
import { AppError } from "../../../domain/errors.ts";
import { UNKNOWN } from "../../../domain/audit.ts";
import type { AccessLog } from "../../access-log.ts";
import type { ClientAddress } from "../../client-address.ts";
import { noteProved } from "../../gate.ts";
import type { LoginLimit } from "../../login-limit.ts";

export interface LoginOptions {
  readonly users: Pick<Users, "verify" | "hasPassed" | "find">;
  readonly limit: LoginLimit;
  readonly addressOf: ClientAddress;
  readonly refusals: AccessLog;
}

export const hasBasic = ({ headers }: Pick<FastifyRequest, "headers">): boolean =>
  /^Basic /i.test(headers.authorization ?? "");

/** Basic authentication with `user:password` or `user:apiToken`. Rejects `mw:auth:*`. */
export async function login(options: LoginOptions, request: FastifyRequest): Promise<Login> {
  const { users, limit, addressOf, refusals } = options;
  const given = credentials(request.headers.authorization);
  if (given === null)
    throw new AppError("mw:auth:unauthorized", "Send Basic credentials: user:password or user:apiToken");
  const { user, secret } = given;
  // Good credentials that are known as such are let through, whatever others try.
  const address = addressOf(request.raw);
  return refusals.ofLogin({ by: UNKNOWN, place: { way: "nodejitsu", address } }, async () => {
    const succeeded = users.hasPassed(user, secret) ? null : limit.attempt({ user, address });
    const found = await users.verify(user, secret).catch((error: unknown) => {
      throw renamed(error);
    });
    if (found === null) throw new AppError("mw:auth:unauthorized", "The user name and password do not match");
    succeeded?.();
    noteProved(request);
    return found;
  });
}

function renamed(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  if (error.code === "user:broken")
    return new AppError("mw:auth:no_username", error.message, { cause: error });
  if (error.code === "server:busy") return error;
  return new AppError("mw:auth:auth_server_down", "The credentials could not be checked; try again", {
    cause: error,
  });
}

/** The whole user name and password; base64 that is not UTF-8 is none. */
function credentials(header: string | undefined): { readonly user: string; readonly secret: string } | null {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? "") ?? [];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 1 ? null : { user: pair.slice(0, colon), secret: pair.slice(colon + 1) };
}

/** For routes about one user. Rejects `mw:auth:not_you`. */
export async function loginAs(options: LoginOptions, request: FastifyRequest, user: string): Promise<Login> {
  const found = await login(options, request);
  if (found.user === user) return found;
  throw new AppError("mw:auth:not_you", `You are ${found.user}, and these data are of ${user}`);
}
