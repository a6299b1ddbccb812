import { rowsOf, type Connection } from "../connection.ts";
import { isOpen } from "./conditions.ts";

/*
 * What must not be pruned. Asked by lists of ids, not by conditions of one great query: so each answer is found by an index,
 * whatever a database thinks of how many rows there are.
 */

/** Those of the deliveries that have a task which has not ended. */
export async function ofOpenTasks(
  connection: Connection,
  deliveryIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (deliveryIds.length === 0) return new Set();
  const query = connection.builder
    .selectFrom("tasks")
    .select("delivery_id")
    .where("delivery_id", "in", deliveryIds)
    .where(isOpen);
  return new Set((await rowsOf(connection, query)).map((row) => row.delivery_id ?? ""));
}

/** Those of the deliveries that the memory of healthy revisions rests on: how the tasks of a rollback ended is part of it. */
export async function remembered(
  connection: Connection,
  deliveryIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (deliveryIds.length === 0) return new Set();
  const query = connection.builder
    .selectFrom("health_entries")
    .select("delivery_id")
    .where("delivery_id", "in", deliveryIds);
  return new Set((await rowsOf(connection, query)).map((row) => row.delivery_id));
}

interface Relative {
  readonly id: string;
  readonly parent_id: string | null;
}

/** Those of the tasks whose parent, or a part of which, has not ended. */
export async function withOpenFamily(
  connection: Connection,
  tasks: readonly Relative[],
): Promise<ReadonlySet<string>> {
  if (tasks.length === 0) return new Set();
  const { builder } = connection;
  const ids = tasks.map(({ id }) => id);
  const parts = await rowsOf(
    connection,
    builder.selectFrom("tasks").select("parent_id").where("parent_id", "in", ids).where(isOpen),
  );
  const parentIds = tasks.map((task) => task.parent_id).filter((id) => id !== null);
  const parents =
    parentIds.length === 0
      ? []
      : await rowsOf(
          connection,
          builder.selectFrom("tasks").select("id").where("id", "in", parentIds).where(isOpen),
        );
  const open = new Set(parents.map(({ id }) => id));
  const withOpenParent = tasks.filter((task) => task.parent_id !== null && open.has(task.parent_id));
  return new Set([...parts.map((row) => row.parent_id ?? ""), ...withOpenParent.map(({ id }) => id)]);
}
