import { z } from "zod";
import { SESSION_MS } from "../../../accounts/sessions.ts";
import { sessionRequestSchema } from "../../../client/requests.ts";
import { whoamiSchema } from "../../../client/schemas.ts";
import { sessionCookie, sessionSecret } from "../../session-cookie.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "sessions";

/** Logging a browser in and out. Its cookie can't be read by scripts, and is worth nothing to other sites. */
export function sessionRoutes(server: ApiServer, context: ApiContext): void {
  logIn(server, context);
  logOut(server, context);
}

function logIn(server: ApiServer, { sessions, authenticator, addressOf }: ApiContext): void {
  const schema = {
    operationId: "logIn",
    tags: [tag],
    summary: "Opens a session for a browser: sets a cookie that stands for the token for a week",
    security: [],
    body: sessionRequestSchema,
    response: { 201: whoamiSchema, ...errors },
  };
  server.post("/session", { schema }, async (request, reply) => {
    const { token: given } = request.body;
    const { secret, token } = await authenticator.guarded(request, given, () =>
      sessions.open(given, { way: "dashboard", address: addressOf(request.raw) }),
    );
    const cookie = sessionCookie(secret, { headers: request.headers, maxAgeSeconds: SESSION_MS / 1_000 });
    return reply
      .header("set-cookie", cookie)
      .code(201)
      .send({ name: token.name, scopes: [...token.scopes] });
  });
}

function logOut(server: ApiServer, { sessions, guard }: ApiContext): void {
  const about = { id: "logOut", tag, scope: "read", summary: "Ends the session of the cookie" } as const;
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
