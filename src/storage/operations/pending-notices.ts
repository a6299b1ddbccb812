import type { Notice } from "../../domain/notice.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import { toTasks } from "./read-tasks.ts";
import { toDelivery } from "./rows.ts";

const oldest = prepare((db, { limit }: { limit: number }) =>
  db.selectFrom("notices").selectAll().orderBy("seq").limit(limit),
);

/** With their tasks and deliveries, in two more queries however many there are. */
export async function pendingNotices(connection: Connection, limit: number): Promise<readonly Notice[]> {
  const rows = await oldest.all(connection, { limit });
  const tasks = await tasksById(connection, idsIn(rows.map((row) => row.task_id)));
  const deliveries = await deliveriesById(connection, idsIn(rows.map((row) => row.delivery_id)));
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    at: row.created_at,
    task: tasks.get(row.task_id ?? "") ?? null,
    delivery: deliveries.get(row.delivery_id ?? "") ?? null,
    failures: 0,
  }));
}

const idsIn = (ids: readonly (string | null)[]): string[] => [...new Set(ids)].filter((id) => id !== null);

async function tasksById(connection: Connection, ids: readonly string[]) {
  if (ids.length === 0) return new Map<string, never>();
  const query = connection.builder.selectFrom("tasks").selectAll().where("id", "in", ids);
  const tasks = await toTasks(connection, await rowsOf(connection, query));
  return new Map(tasks.map((task) => [task.id, task]));
}

async function deliveriesById(connection: Connection, ids: readonly string[]) {
  if (ids.length === 0) return new Map<string, never>();
  const query = connection.builder.selectFrom("deliveries").selectAll().where("id", "in", ids);
  return new Map((await rowsOf(connection, query)).map((row) => [row.id, toDelivery(row)]));
}
