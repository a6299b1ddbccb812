import { AppError } from "../../domain/errors.ts";
import type { Connection } from "../connection.ts";
import type { TaskOwner } from "../store.ts";
import { lockedTask } from "./read-tasks.ts";
import type { TaskRow } from "./rows.ts";

/**
 * Throws `task:not_owner` when `owner` is given and does not own the task. `row` has to be locked: nobody may take the task
 * over between the look and the write.
 */
export function checkOwner(row: TaskRow, owner: TaskOwner | undefined): void {
  if (owner === undefined || (row.node === owner.node && row.attempt === owner.attempt)) return;
  throw new AppError("task:not_owner", `Task ${row.id} is ${row.state} and no longer run here`);
}

/** For writes that hang on a task. A task that there is none of has no owner. */
export async function lockAsOwner(
  connection: Connection,
  id: string,
  owner: TaskOwner | undefined,
): Promise<void> {
  if (owner === undefined) return;
  const row = await lockedTask.first(connection, { id });
  if (row === undefined) throw new AppError("task:not_owner", `There is no task ${id} any more`);
  checkOwner(row, owner);
}
