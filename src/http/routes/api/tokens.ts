import { z } from "zod";
import { tokenRequestSchema } from "../../../client/requests.ts";
import { createdTokenSchema, listOf, tokenSchema, whoamiSchema } from "../../../client/schemas.ts";
import { whoamiToWire } from "../../wire/user.ts";
import { tokenToWire } from "../../wire/task.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf, identityOf } from "./route.ts";

const tag = "tokens";

export function tokenRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  create(server, context);
  revoke(server, context);
  whoami(server, context);
}

function list(server: ApiServer, { tokens, guard }: ApiContext): void {
  const about = { id: "listTokens", tag, scope: "admin", summary: "Lists the API's tokens" } as const;
  const response = { 200: listOf(tokenSchema), ...errors };
  server.get("/tokens", guard(about, { response }), async () => ({
    items: (await tokens.list()).map(tokenToWire),
  }));
}

function create(server: ApiServer, { tokens, guard }: ApiContext): void {
  const about = {
    id: "createToken",
    tag,
    scope: "admin",
    summary: "Makes a token, shown this once",
  } as const;
  const response = { 201: createdTokenSchema, ...errors };
  server.post("/tokens", guard(about, { body: tokenRequestSchema, response }), async (request, reply) => {
    const { name, scopes, expires_at: expires } = request.body;
    const expiresAt = expires === null ? null : new Date(expires).toISOString();
    const { token, row } = await tokens.create({ name, scopes, expiresAt }, askerOf(request));
    return reply.code(201).send({ ...tokenToWire(row), token });
  });
}

function revoke(server: ApiServer, { tokens, guard }: ApiContext): void {
  const about = {
    id: "revokeToken",
    tag,
    scope: "admin",
    summary: "Revokes a token, by its id or name",
  } as const;
  const params = z.object({ ref: z.string().max(200) });
  const response = { 204: z.null(), ...errors };
  server.delete("/tokens/:ref", guard(about, { params, response }), async (request, reply) => {
    await tokens.revoke(request.params.ref, askerOf(request));
    return reply.code(204).send(null);
  });
}

function whoami(server: ApiServer, { guard }: ApiContext): void {
  const about = {
    id: "whoami",
    tag,
    scope: "read",
    ofApps: true,
    summary: "Shows the token, or the user, that the request was made with",
  } as const;
  const response = { 200: whoamiSchema, ...errors };
  server.get("/whoami", guard(about, { response }), async (request) => whoamiToWire(identityOf(request)));
}
