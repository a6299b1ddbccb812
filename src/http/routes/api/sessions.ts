import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { type Holder, type OpenedSession, SESSION_MS } from "../../../accounts/sessions.ts";
import { sessionRequestSchema } from "../../../client/requests.ts";
import { whoamiSchema } from "../../../client/schemas.ts";
import { sessionCookie, sessionSecret } from "../../session-cookie.ts";
import { whoamiToWire } from "../../wire/user.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "sessions";

/** Logging a browser in and out. Its cookie can't be read by scripts, and is worth nothing to other sites. */
export function sessionRoutes(server: ApiServer, context: ApiContext): void {
  logIn(server, context);
  logOut(server, context);
}

function logIn(server: ApiServer, context: ApiContext): void {
  const schema = {
    operationId: "logIn",
    tags: [tag],
    summary: "Opens a session for a browser, for a week: sets a cookie that stands for a token or a user",
    security: [],
    body: sessionRequestSchema,
    response: { 201: whoamiSchema, ...errors },
  };
  server.post("/session", { schema }, async (request, reply) => {
    const { secret, holder } = await open(context, request, request.body);
    const cookie = sessionCookie(secret, { headers: request.headers, maxAgeSeconds: SESSION_MS / 1_000 });
    return reply.header("set-cookie", cookie).code(201).send(whoOf(context, holder));
  });
}

function open(
  { sessions, authenticator, logins, addressOf }: ApiContext,
  request: FastifyRequest,
  given: z.output<typeof sessionRequestSchema>,
): Promise<OpenedSession> {
  const place = { way: "dashboard", address: addressOf(request.raw) } as const;
  if ("user" in given) return logins.open(request, given, place);
  return authenticator.guarded(request, given.token, () => sessions.open(given.token, place));
}

function whoOf({ app }: ApiContext, holder: Holder): z.infer<typeof whoamiSchema> {
  if (holder.type === "token") return whoamiToWire({ ...holder.token, reach: null });
  return whoamiToWire({ ...holder.user, reach: app.reachOf(holder.user.name) });
}

function logOut(server: ApiServer, { sessions, guard }: ApiContext): void {
  const summary = "Ends the session of the cookie";
  const about = { id: "logOut", tag, scope: "read", ofApps: true, summary } as const;
  const response = { 204: z.null(), ...errors };
  server.delete("/session", guard(about, { response }), async (request, reply) => {
    const secret = sessionSecret(request.headers);
    if (secret !== null) await sessions.end(secret, askerOf(request));
    return reply
      .header("set-cookie", sessionCookie("", { headers: request.headers, maxAgeSeconds: 0 }))
      .code(204)
      .send(null);
  });
}
