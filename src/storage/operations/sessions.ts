import { prepare, type Connection } from "../connection.ts";
import type { Store, TokenRow } from "../store.ts";
import { toToken } from "./tokens.ts";

type NewSession = Parameters<Store["createSession"]>[0];

const removeExpired = prepare((db, { now }: { now: string }) =>
  db.deleteFrom("sessions").where("expires_at", "<=", now),
);

const insert = prepare((db, input: NewSession) =>
  db.insertInto("sessions").values({
    hash: input.hash,
    token_id: input.tokenId,
    created_at: input.createdAt,
    expires_at: input.expiresAt,
  }),
);

export async function createSession(connection: Connection, input: NewSession): Promise<void> {
  await removeExpired.run(connection, { now: input.createdAt });
  await insert.run(connection, input);
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

const remove = prepare((db, { hash }: { hash: string }) =>
  db.deleteFrom("sessions").where("hash", "=", hash),
);

export async function endSession(connection: Connection, hash: string): Promise<void> {
  await remove.run(connection, { hash });
}
