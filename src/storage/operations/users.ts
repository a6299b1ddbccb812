import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import type { User, UserToken } from "../../domain/user.ts";
import { prepare, type Connection } from "../connection.ts";
import type { UsersTable, UserTokensTable } from "../schema.ts";
import type { Store } from "../store.ts";

const texts = z.array(z.string());

/** As callers see it. */
export const toUser = (row: UsersTable): User => ({
  name: row.name,
  passwordHash: row.password_hash,
  scopes: texts.parse(JSON.parse(row.scopes)),
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
});

const insertUser = prepare((db, input: Omit<UsersTable, "disabled_at">) =>
  db
    .insertInto("users")
    .values({
      name: input.name,
      password_hash: input.password_hash,
      scopes: input.scopes,
      created_at: input.created_at,
    })
    .onConflict((conflict) => conflict.column("name").doNothing()),
);

export async function createUser(
  connection: Connection,
  { name, passwordHash, scopes, createdAt }: Parameters<Store["createUser"]>[0],
): Promise<void> {
  const row = { name, password_hash: passwordHash, scopes: JSON.stringify(scopes), created_at: createdAt };
  if ((await insertUser.run(connection, row)) > 0) return;
  throw new AppError("user:exists", `There is a user ${name} already`);
}

const setHash = prepare((db, input: { name: string; passwordHash: string }) =>
  db.updateTable("users").set({ password_hash: input.passwordHash }).where("name", "=", input.name),
);
const setDisabled = prepare((db, input: { name: string; disabledAt: string | null }) =>
  db.updateTable("users").set({ disabled_at: input.disabledAt }).where("name", "=", input.name),
);

const setScopes = prepare((db, input: { name: string; scopes: string }) =>
  db.updateTable("users").set({ scopes: input.scopes }).where("name", "=", input.name),
);
const endSessions = prepare((db, { name }: { name: string }) =>
  db.deleteFrom("sessions").where("user_name", "=", name),
);

export async function changeUser(
  connection: Connection,
  { name, passwordHash, disabledAt, scopes }: Parameters<Store["changeUser"]>[0],
): Promise<void> {
  if ((await userByName.first(connection, { name })) === undefined) {
    throw new AppError("user:not_found", `There is no user ${name}`);
  }
  if (passwordHash !== undefined) await setHash.run(connection, { name, passwordHash });
  if (scopes !== undefined) await setScopes.run(connection, { name, scopes: JSON.stringify(scopes) });
  if (disabledAt !== undefined) await setDisabled.run(connection, { name, disabledAt });
  const shutOut = disabledAt !== undefined && disabledAt !== null;
  if (passwordHash !== undefined || shutOut) await endSessions.run(connection, { name });
}

const userByName = prepare((db, { name }: { name: string }) =>
  db.selectFrom("users").selectAll().where("name", "=", name),
);

export async function getUser(connection: Connection, name: string): Promise<User | null> {
  const row = await userByName.first(connection, { name });
  return row === undefined ? null : toUser(row);
}

const allUsers = prepare((db, _: object) => db.selectFrom("users").selectAll().orderBy("name"));

export async function listUsers(connection: Connection): Promise<readonly User[]> {
  return (await allUsers.all(connection, {})).map((row) => toUser(row));
}

const toToken = (row: UserTokensTable): UserToken => ({
  id: row.id,
  user: row.user_name,
  name: row.name,
  apps: row.apps === null ? null : texts.parse(JSON.parse(row.apps)),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});

const liveToken = prepare((db, { user, name }: { user: string; name: string }) =>
  db
    .selectFrom("user_tokens")
    .select("id")
    .where("user_name", "=", user)
    .where("name", "=", name)
    .where("revoked_at", "is", null),
);
const insertToken = prepare((db, input: Omit<UserTokensTable, "revoked_at">) =>
  db.insertInto("user_tokens").values({
    id: input.id,
    user_name: input.user_name,
    name: input.name,
    hash: input.hash,
    apps: input.apps,
    created_at: input.created_at,
    expires_at: input.expires_at,
  }),
);

export async function createUserToken(
  connection: Connection,
  { token, hash }: Parameters<Store["createUserToken"]>[0],
): Promise<void> {
  const { id, user, name, createdAt, expiresAt } = token;
  await connection.lock([`user-token:${user}:${name}`]);
  if ((await userByName.first(connection, { name: user })) === undefined) {
    throw new AppError("user:not_found", `There is no user ${user}`);
  }
  if ((await liveToken.first(connection, { user, name })) !== undefined) {
    throw new AppError("token:exists", `${user} has a live token called ${name}; revoke it first`);
  }
  await insertToken.run(connection, {
    id,
    user_name: user,
    name,
    hash,
    apps: token.apps === null ? null : JSON.stringify(token.apps),
    created_at: createdAt,
    expires_at: expiresAt,
  });
}

const tokenByHash = prepare((db, { hash }: { hash: string }) =>
  db.selectFrom("user_tokens").selectAll().where("hash", "=", hash),
);

export async function findUserToken(connection: Connection, hash: string): Promise<UserToken | null> {
  const row = await tokenByHash.first(connection, { hash });
  return row === undefined ? null : toToken(row);
}

const tokensOfUser = prepare((db, { user }: { user: string }) =>
  db.selectFrom("user_tokens").selectAll().where("user_name", "=", user).orderBy("id", "desc"),
);

export async function listUserTokens(connection: Connection, user: string): Promise<readonly UserToken[]> {
  return (await tokensOfUser.all(connection, { user })).map((row) => toToken(row));
}

const revoke = prepare((db, input: { user: string; ref: string; now: string }) =>
  db
    .updateTable("user_tokens")
    .set({ revoked_at: input.now })
    .where("user_name", "=", input.user)
    .where("revoked_at", "is", null)
    .where((eb) => eb.or([eb("id", "=", input.ref), eb("name", "=", input.ref)])),
);

export async function revokeUserToken(
  connection: Connection,
  input: Parameters<Store["revokeUserToken"]>[0],
): Promise<boolean> {
  return (await revoke.run(connection, input)) > 0;
}
