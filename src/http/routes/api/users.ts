import { z } from "zod";
import { userChangeSchema, userRequestSchema, userTokenRequestSchema } from "../../../client/requests.ts";
import { createdUserTokenSchema, listOf, userSchema, userTokenSchema } from "../../../client/schemas.ts";
import { AppError } from "../../../domain/errors.ts";
import type { User } from "../../../domain/user.ts";
import { userToWire, userTokenToWire } from "../../wire/user.ts";
import { errors } from "../errors.ts";
import { type ApiContext, type ApiServer, askerOf } from "./route.ts";

const tag = "users";
const scope = "admin";
const nameParams = z.object({ name: z.string().max(200) });

/** The people of the deploy API; a token of an admin is needed for all of it. */
export function userRoutes(server: ApiServer, context: ApiContext): void {
  list(server, context);
  add(server, context);
  change(server, context);
  listTokens(server, context);
  createToken(server, context);
  revokeToken(server, context);
}

function list(server: ApiServer, { users, guard }: ApiContext): void {
  const about = { id: "listUsers", tag, scope, summary: "Lists the users of the deploy API" } as const;
  const response = { 200: listOf(userSchema), ...errors };
  server.get("/users", guard(about, { response }), async () => ({
    items: (await users.list()).map(userToWire),
  }));
}

async function find({ users }: ApiContext, name: string): Promise<User> {
  const user = (await users.list()).find((each) => each.name === name);
  if (user === undefined) throw new AppError("user:not_found", `There is no user ${name}`);
  return user;
}

function add(server: ApiServer, context: ApiContext): void {
  const about = { id: "addUser", tag, scope, summary: "Adds a user" } as const;
  const response = { 201: userSchema, ...errors };
  server.post(
    "/users",
    context.guard(about, { body: userRequestSchema, response }),
    async (request, reply) => {
      const { body } = request;
      await context.users.add(body, askerOf(request));
      return reply.code(201).send(userToWire(await find(context, body.name)));
    },
  );
}

function change(server: ApiServer, context: ApiContext): void {
  const about = {
    id: "changeUser",
    tag,
    scope,
    summary: "Sets a password or scopes, shuts a user out or lets them in again",
  } as const;
  const response = { 200: userSchema, ...errors };
  const schema = { params: nameParams, body: userChangeSchema, response };
  server.patch("/users/:name", context.guard(about, schema), async (request) => {
    const {
      params: { name },
      body,
    } = request;
    const asker = askerOf(request);
    if (body.password !== undefined) await context.users.setPassword(name, body.password, asker);
    if (body.scopes !== undefined) await context.users.setScopes(name, body.scopes, asker);
    if (body.disabled !== undefined) await context.users.setDisabled(name, body.disabled, asker);
    return userToWire(await find(context, name));
  });
}

function listTokens(server: ApiServer, { users, guard }: ApiContext): void {
  const about = { id: "listUserTokens", tag, scope, summary: "Lists a user's API tokens" } as const;
  const response = { 200: listOf(userTokenSchema), ...errors };
  server.get("/users/:name/tokens", guard(about, { params: nameParams, response }), async ({ params }) => ({
    items: (await users.listTokens(params.name)).map(userTokenToWire),
  }));
}

function createToken(server: ApiServer, { users, guard }: ApiContext): void {
  const about = {
    id: "createUserToken",
    tag,
    scope,
    summary: "Makes an API token that stands in for a user's password, shown this once",
  } as const;
  const response = { 201: createdUserTokenSchema, ...errors };
  const schema = { params: nameParams, body: userTokenRequestSchema, response };
  server.post("/users/:name/tokens", guard(about, schema), async (request, reply) => {
    const { name, apps, expires_at: expires } = request.body;
    const expiresAt = expires === null ? null : new Date(expires).toISOString();
    const { token, row } = await users.createToken(
      { user: request.params.name, name, apps, expiresAt },
      askerOf(request),
    );
    return reply.code(201).send({ ...userTokenToWire(row), token });
  });
}

function revokeToken(server: ApiServer, { users, guard }: ApiContext): void {
  const about = { id: "revokeUserToken", tag, scope, summary: "Revokes a user's token" } as const;
  const params = nameParams.extend({ ref: z.string().max(200) });
  const response = { 204: z.null(), ...errors };
  server.delete("/users/:name/tokens/:ref", guard(about, { params, response }), async (request, reply) => {
    await users.revokeToken(request.params.name, request.params.ref, askerOf(request));
    return reply.code(204).send(null);
  });
}
