import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { Sessions } from "../../../accounts/sessions.ts";
import type { Tokens } from "../../../accounts/tokens.ts";
import type { Users } from "../../../accounts/users.ts";
import { AppError } from "../../../domain/errors.ts";
import type { Scope } from "../../../domain/scopes.ts";
import type { App } from "../../../usecases/app.ts";
import type { Asker } from "../../../domain/audit.ts";
import type { Authenticator, Identity } from "../../auth.ts";
import type { ClientAddress } from "../../client-address.ts";
import type { UserLogins } from "../../user-login.ts";
import type { EventStreams } from "../../event-stream.ts";

/** What the routes of `/api/v1` work with. */
export interface ApiContext {
  readonly app: App;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly authenticator: Authenticator;
  readonly users: Users;
  readonly logins: UserLogins;
  readonly streams: EventStreams;
  readonly addressOf: ClientAddress;
  readonly guard: Guard;
}

/** The part of the server that the routes of `/api/v1` are put on. */
export type ApiServer = Parameters<FastifyPluginAsyncZod>[0];

/** What a route says of itself in the OpenAPI document, and the scope it needs. */
export interface RouteAbout {
  readonly id: string;
  readonly tag:
    | "deliveries"
    | "tasks"
    | "releases"
    | "revisions"
    | "endpoints"
    | "nodes"
    | "settings"
    | "store"
    | "tokens"
    | "sessions"
    | "stats"
    | "users"
    | "jobserv"
    | "audit";
  readonly scope: Scope;
  readonly summary: string;
  /** Open also to users without the scope, for what deploys their apps; its handler asks `limitOf`. */
  readonly ofApps?: boolean;
}

const identities = new WeakMap<FastifyRequest, Identity>();

/** Who sent the request; a route has asked for it before its handler runs. */
export function identityOf(request: FastifyRequest): Identity {
  const identity = identities.get(request);
  if (identity === undefined) throw new AppError("internal", `${request.url} asks for no token`);
  return identity;
}

/** The same, as those to whom it is recorded. */
export function askerOf(request: FastifyRequest): Asker {
  const { by, place } = identityOf(request);
  return { by, place };
}

/** Options of a route that lets only holders of a token with the scope in, before it reads their body. */
export type Guard = ReturnType<typeof createGuard>;

export const createGuard =
  (authenticator: Authenticator) =>
  <Schema extends object>({ id, tag, scope, summary, ofApps = false }: RouteAbout, schema: Schema) => ({
    onRequest: async (request: FastifyRequest): Promise<void> => {
      identities.set(request, await authenticator.authenticate(request, scope, { ofApps }));
    },
    schema: {
      operationId: id,
      tags: [tag],
      summary,
      description: `Scope: ${scope}${ofApps ? "; without it, users for their own apps" : ""}`,
      security: [{ bearer: [] }, { session: [] }],
      ...schema,
    },
  });
