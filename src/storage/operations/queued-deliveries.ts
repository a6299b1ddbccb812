import { sql } from "kysely";
import { prepare, type Connection } from "../connection.ts";
import type { QueuedDelivery } from "../store.ts";
import { toDelivery } from "./rows.ts";

/* For a store that deliveries only wait in until they are stored elsewhere. */

const next = prepare((db, { after }: { after: number }) =>
  db.selectFrom("deliveries").selectAll().where("seq", ">", after).orderBy("seq").limit(1),
);

export async function nextDelivery(connection: Connection, after: number): Promise<QueuedDelivery | null> {
  const row = await next.first(connection, { after });
  if (row === undefined) return null;
  return { seq: row.seq, delivery: toDelivery(row), fingerprint: row.fingerprint };
}

const remove = prepare((db, { id }: { id: string }) =>
  db.deleteFrom("deliveries").where("id", "=", id).returning("body_ref"),
);

export async function removeDelivery(connection: Connection, id: string): Promise<void> {
  const row = await remove.first(connection, { id });
  if (row !== undefined && row.body_ref !== "") await connection.bodies.remove([row.body_ref]);
}

const totals = prepare((db, _: object) =>
  db
    .selectFrom("deliveries")
    .select((eb) => [
      eb.fn.countAll<number>().as("count"),
      sql<number | string>`coalesce(sum(body_size), 0)`.as("bytes"),
    ]),
);

export async function deliveryTotals(
  connection: Connection,
): Promise<{ readonly count: number; readonly bytes: number }> {
  const row = await totals.first(connection, {});
  return { count: row?.count ?? 0, bytes: Number(row?.bytes ?? 0) };
}
