import type { LogEntry } from "../../domain/task.ts";
import { prepare, type Connection } from "../connection.ts";
import { lockedTask } from "./read-tasks.ts";
import type { NewLogEntry, Store, TaskOwner } from "../store.ts";
import { checkOwner } from "./owner.ts";

const insert = prepare((db, input: NewLogEntry) =>
  db
    .insertInto("log")
    .values({
      task_id: input.taskId,
      time: input.time,
      stream: input.stream,
      step: input.step,
      text: input.text,
    })
    .returning("seq"),
);

/**
 * Under the tasks' locks: numbers are given out when a row is inserted, and seen when it is committed. Were they not in the
 * same order within a task, a reader that goes on after the highest number it has seen would miss entries.
 */
export async function appendLog(
  connection: Connection,
  entries: readonly NewLogEntry[],
  owner?: TaskOwner,
): Promise<number> {
  const tasks = new Set(entries.map(({ taskId }) => taskId));
  for (const id of [...tasks].toSorted()) {
    const row = await lockedTask.first(connection, { id });
    if (row !== undefined) checkOwner(row, owner);
  }
  // Handed over together, so that a database elsewhere is not waited for line by line; they are inserted in this order.
  const rows = await Promise.all(entries.map((entry) => insert.first(connection, entry)));
  return rows.at(-1)?.seq ?? 0;
}

const page = prepare((db, input: { taskId: string; after: number; limit: number }) =>
  db
    .selectFrom("log")
    .selectAll()
    .where("task_id", "=", input.taskId)
    .where("seq", ">", input.after)
    .orderBy("seq")
    .limit(input.limit),
);

export async function listLog(
  connection: Connection,
  input: Parameters<Store["listLog"]>[0],
): Promise<readonly LogEntry[]> {
  const rows = await page.all(connection, input);
  return rows.map(({ task_id: taskId, seq, time, stream, step, text }) => ({
    seq,
    taskId,
    time,
    stream,
    step,
    text,
  }));
}
