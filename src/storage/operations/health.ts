import { type Selectable, sql } from "kysely";
import { AppError } from "../../domain/errors.ts";
import type { HealthEntry } from "../../domain/rollback.ts";
import { prepare, type Connection } from "../connection.ts";
import type { HealthEntriesTable } from "../schema.ts";
import type { NewHealthEntry, Store } from "../store.ts";

/** More than any decision looks back on. */
const HISTORY = 200;

const insertEntry = prepare((db, input: NewHealthEntry) =>
  db
    .insertInto("health_entries")
    .values({
      source: input.source,
      app: input.app,
      position: input.position,
      type: input.type,
      revision: input.revision,
      target: input.target,
      delivery_id: input.deliveryId,
      created_at: input.at,
    })
    .onConflict((conflict) => conflict.columns(["source", "app", "position"]).doNothing()),
);

/**
 * The position says which state of the memory it was decided by; when somebody else has taken it, that decision is out
 * of date. Rejects `store:conflict` then.
 */
export async function insertHealthEntry(connection: Connection, entry: NewHealthEntry): Promise<void> {
  if ((await insertEntry.run(connection, entry)) === 0) throw new AppError("store:conflict");
}

/** See HealthEntry.vain. Where the tasks are gone, how they ended is not held against it. */
const tasksOf = sql`select 1 from tasks where tasks.delivery_id = health_entries.delivery_id`;
const isVain = sql<boolean | number>`
  exists (${tasksOf} and tasks.outcome <> 'succeeded')
  and not exists (${tasksOf} and (tasks.outcome is null or tasks.outcome = 'succeeded'))`;

const newestFirst = prepare((db, input: { source: string; app: string }) =>
  db
    .selectFrom("health_entries")
    .selectAll()
    .select(isVain.as("vain"))
    .where("source", "=", input.source)
    .where("app", "=", input.app)
    .orderBy("position", "desc")
    .limit(HISTORY),
);

export async function healthHistory(
  connection: Connection,
  input: Parameters<Store["healthHistory"]>[0],
): Promise<readonly HealthEntry[]> {
  return (await newestFirst.all(connection, input)).map((row) => toEntry(row));
}

const apps = prepare((db, _: object) =>
  db.selectFrom("health_entries").select(["source", "app"]).distinct().orderBy("source").orderBy("app"),
);

export const healthApps = (
  connection: Connection,
): Promise<readonly { readonly source: string; readonly app: string }[]> => apps.all(connection, {});

const byDelivery = prepare((db, { deliveryId }: { deliveryId: string }) =>
  db
    .selectFrom("health_entries")
    .selectAll()
    .select(isVain.as("vain"))
    .where("delivery_id", "=", deliveryId)
    .limit(1),
);

export async function healthEntryOf(connection: Connection, deliveryId: string): Promise<HealthEntry | null> {
  const row = await byDelivery.first(connection, { deliveryId });
  return row === undefined ? null : toEntry(row);
}

interface EntryRow extends Selectable<HealthEntriesTable> {
  /** SQLite has no booleans. */
  readonly vain: boolean | number;
}

const toEntry = (row: EntryRow): HealthEntry => ({
  position: row.position,
  type: row.type,
  revision: row.revision,
  target: row.target,
  deliveryId: row.delivery_id,
  at: row.created_at,
  vain: row.type === "rollback" && Boolean(row.vain),
});

/** See Connection.lock. */
export const locksOfHealth = ({ source, app }: Pick<NewHealthEntry, "source" | "app">): string[] => [
  `health:${source}:${app}`,
];
