import { prepare, type Connection } from "../connection.ts";
import type { QueueStats } from "../store.ts";
import { isActive, isHeld, isWaiting } from "./conditions.ts";

/* Each goes through one partial index, which holds what has not ended, however much has. */

const waiting = prepare((db, _: object) =>
  db
    .selectFrom("tasks")
    .select((eb) => [eb.fn.countAll<number | string>().as("tasks"), eb.fn.min("seq").as("oldest")])
    .where(isWaiting)
    .where("seq", "not in", (eb) => eb.selectFrom("tasks").select("seq").where(isHeld)),
);
const held = prepare((db, _: object) =>
  db
    .selectFrom("tasks")
    .select((eb) => eb.fn.countAll<number | string>().as("tasks"))
    .where(isHeld),
);
const active = prepare((db, _: object) =>
  db
    .selectFrom("tasks")
    .select((eb) => eb.fn.countAll<number | string>().as("tasks"))
    .where(isActive),
);
const createdAt = prepare((db, { seq }: { seq: number }) =>
  db.selectFrom("tasks").select("created_at").where("seq", "=", seq),
);

export async function queueStats(connection: Connection): Promise<QueueStats> {
  const ready = await waiting.first(connection, {});
  const oldest = ready?.oldest ?? null;
  const row = oldest === null ? undefined : await createdAt.first(connection, { seq: oldest });
  return {
    waiting: Number(ready?.tasks ?? 0),
    held: Number((await held.first(connection, {}))?.tasks ?? 0),
    running: Number((await active.first(connection, {}))?.tasks ?? 0),
    oldestAt: row?.created_at ?? null,
  };
}
