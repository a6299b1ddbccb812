import type { User } from "../../domain/user.ts";
import { prepare, type Connection } from "../connection.ts";
import type { Store, TokenRow } from "../store.ts";
import { toToken } from "./tokens.ts";
import { toUser } from "./users.ts";

interface SessionInsert {
  readonly hash: string;
  readonly tokenId: string;
  readonly user: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

const removeExpired = prepare((db, { now }: { now: string }) =>
  db.deleteFrom("sessions").where("expires_at", "<=", now),
);

const insert = prepare((db, input: SessionInsert) =>
  db.insertInto("sessions").values({
    hash: input.hash,
    token_id: input.tokenId,
    user_name: input.user,
    created_at: input.createdAt,
    expires_at: input.expiresAt,
  }),
);

export async function createSession(
  connection: Connection,
  input: Parameters<Store["createSession"]>[0],
): Promise<void> {
  await removeExpired.run(connection, { now: input.createdAt });
  const { tokenId, user = null } = input;
  await insert.run(connection, { ...input, tokenId: tokenId ?? "", user });
}

const tokenOf = prepare((db, input: { hash: string; now: string }) =>
  db
    .selectFrom("sessions")
    .innerJoin("tokens", "tokens.id", "sessions.token_id")
    .selectAll("tokens")
    .where("sessions.hash", "=", input.hash)
    .where("sessions.expires_at", ">", input.now),
);

export async function findSession(
  connection: Connection,
  input: Parameters<Store["findSession"]>[0],
): Promise<TokenRow | null> {
  const row = await tokenOf.first(connection, input);
  return row === undefined ? null : toToken(row);
}

const userOf = prepare((db, input: { hash: string; now: string }) =>
  db
    .selectFrom("sessions")
    .innerJoin("users", "users.name", "sessions.user_name")
    .selectAll("users")
    .where("sessions.hash", "=", input.hash)
    .where("sessions.expires_at", ">", input.now),
);

export async function findUserSession(
  connection: Connection,
  input: Parameters<Store["findUserSession"]>[0],
): Promise<User | null> {
  const row = await userOf.first(connection, input);
  return row === undefined ? null : toUser(row);
}

const remove = prepare((db, { hash }: { hash: string }) =>
  db.deleteFrom("sessions").where("hash", "=", hash),
);

export async function endSession(connection: Connection, hash: string): Promise<void> {
  await remove.run(connection, { hash });
}
