import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { prepare, type Connection } from "../connection.ts";
import type { TokensTable } from "../schema.ts";
import type { Store, TokenRow } from "../store.ts";

const scopes = z.array(z.string());

/** As callers see it. */
export const toToken = (row: TokensTable): TokenRow => ({
  id: row.id,
  name: row.name,
  scopes: scopes.parse(JSON.parse(row.scopes)),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  revokedAt: row.revoked_at,
});

const liveByName = prepare((db, { name }: { name: string }) =>
  db.selectFrom("tokens").select("id").where("name", "=", name).where("revoked_at", "is", null),
);

const insert = prepare((db, input: Omit<TokensTable, "last_used_at" | "revoked_at">) =>
  db.insertInto("tokens").values({
    id: input.id,
    name: input.name,
    hash: input.hash,
    scopes: input.scopes,
    created_at: input.created_at,
    expires_at: input.expires_at,
  }),
);

export async function createToken(
  connection: Connection,
  input: Parameters<Store["createToken"]>[0],
): Promise<void> {
  const { id, name, hash, createdAt, expiresAt } = input;
  await connection.lock([`token:${name}`]);
  if ((await liveByName.first(connection, { name })) !== undefined) {
    throw new AppError("token:exists", `There is a live token called ${name}; revoke it first`);
  }
  await insert.run(connection, {
    id,
    name,
    hash,
    scopes: JSON.stringify(input.scopes),
    created_at: createdAt,
    expires_at: expiresAt,
  });
}

const byHash = prepare((db, { hash }: { hash: string }) =>
  db.selectFrom("tokens").selectAll().where("hash", "=", hash),
);

export async function findToken(connection: Connection, hash: string): Promise<TokenRow | null> {
  const row = await byHash.first(connection, { hash });
  return row === undefined ? null : toToken(row);
}

const all = prepare((db, _: object) => db.selectFrom("tokens").selectAll().orderBy("id", "desc"));

export async function listTokens(connection: Connection): Promise<readonly TokenRow[]> {
  return (await all.all(connection, {})).map((row) => toToken(row));
}

const touch = prepare((db, input: { id: string; now: string }) =>
  db.updateTable("tokens").set({ last_used_at: input.now }).where("id", "=", input.id),
);

export async function touchToken(
  connection: Connection,
  input: Parameters<Store["touchToken"]>[0],
): Promise<void> {
  await touch.run(connection, input);
}

const revoke = prepare((db, input: { ref: string; now: string }) =>
  db
    .updateTable("tokens")
    .set({ revoked_at: input.now })
    .where("revoked_at", "is", null)
    .where((eb) => eb.or([eb("id", "=", input.ref), eb("name", "=", input.ref)])),
);

export async function revokeToken(
  connection: Connection,
  input: Parameters<Store["revokeToken"]>[0],
): Promise<boolean> {
  return (await revoke.run(connection, input)) > 0;
}
