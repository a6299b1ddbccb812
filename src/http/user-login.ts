import type { FastifyRequest } from "fastify";
import type { OpenedSession, Sessions } from "../accounts/sessions.ts";
import { isUserToken, type Users } from "../accounts/users.ts";
import { type AuditPlace, UNKNOWN } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import type { App } from "../usecases/app.ts";
import type { AccessLog } from "./access-log.ts";
import { noteProved } from "./gate.ts";
import type { LoginLimit } from "./login-limit.ts";

/** Users who log a browser in, with their password. */
export interface UserLogins {
  /** Rejects `auth:bad_credentials`, `auth:too_many_failures`, and `auth:forbidden` for a user who may not do anything. */
  open(request: FastifyRequest, given: Given, place: AuditPlace): Promise<OpenedSession>;
}

interface Given {
  readonly user: string;
  readonly password: string;
}

export interface UserLoginsOptions {
  readonly app: Pick<App, "reachOf">;
  readonly users: Pick<Users, "verify" | "hasPassed" | "find">;
  readonly sessions: Pick<Sessions, "openFor">;
  readonly limit: LoginLimit;
  readonly refusals: AccessLog;
}

const WRONG = "The user name and password do not match";

export function createUserLogins(options: UserLoginsOptions): UserLogins {
  const { app, users, sessions, limit, refusals } = options;

  async function verify({ user, password }: Given, address: string | null): Promise<void> {
    // A good password that is known as such is let through, whatever others try.
    const succeeded = users.hasPassed(user, password) ? null : attempt(user, address);
    // A token of the deploy API is for programs, and may be for some apps only.
    const found = isUserToken(password) ? null : await users.verify(user, password);
    if (found === null) throw new AppError("auth:bad_credentials", WRONG);
    succeeded?.();
  }

  function attempt(user: string, address: string | null): () => void {
    try {
      return limit.attempt({ user, address });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "mw:auth:too_many_failures") throw error;
      const { retryAfter, message } = error;
      throw new AppError("auth:too_many_failures", message, {
        cause: error,
        ...(retryAfter !== undefined && { retryAfter }),
      });
    }
  }

  return {
    async open(request, given, place) {
      await refusals.ofLogin({ by: UNKNOWN, place }, () => verify(given, place.address));
      noteProved(request);
      const { user } = given;
      const asker = { by: `user:${user}`, place };
      return refusals.ofLogin(asker, async () => {
        const scopes = (await users.find(user))?.scopes ?? [];
        if (scopes.length === 0 && app.reachOf(user).actions.length === 0)
          throw new AppError(
            "auth:forbidden",
            `${user} has no scope, and no action deploys an app of theirs alone`,
          );
        const opened = await sessions.openFor(user, place);
        if (opened === null) throw new AppError("auth:bad_credentials", WRONG);
        return opened;
      });
    },
  };
}
