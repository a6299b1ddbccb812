import { sql } from "kysely";
import { AppError } from "../../domain/errors.ts";
import { isEnded } from "../../domain/task-machine.ts";
import { prepare, type Connection } from "../connection.ts";
import type { Store } from "../store.ts";
import { appendLog } from "./log.ts";
import { lockedTask } from "./read-tasks.ts";

/** What a purge leaves in the log begins so; the next one leaves it alone. */
const NOTICE = "The log was purged";

/** Commands can't write lines of this stream. */
const isNotice = sql<boolean>`(stream = 'system' and step is null and text like ${`${NOTICE} %`})`;

const removeLines = prepare((db, { id }: { id: string }) =>
  db
    .deleteFrom("log")
    .where("task_id", "=", id)
    .where(sql<boolean>`not ${isNotice}`),
);

/** Steps may have kept of their output what other steps were to use. */
const emptyOutputs = prepare((db, { id }: { id: string }) =>
  db.updateTable("steps").set({ outputs: "{}" }).where("task_id", "=", id).where("outputs", "<>", "{}"),
);

export async function purgeLog(
  connection: Connection,
  { taskId: id, by, now: time }: Parameters<Store["purgeLog"]>[0],
): Promise<number> {
  const row = await lockedTask.first(connection, { id });
  if (row === undefined) throw new AppError("task:not_found", `There is no task ${id}`);
  if (!isEnded(row.state)) {
    throw new AppError("log:in_use", `The task is ${row.state}; cancel it or wait for its end`);
  }
  const lines = await removeLines.run(connection, { id });
  const outputs = await emptyOutputs.run(connection, { id });
  if (lines + outputs === 0) return 0;
  const text = `${NOTICE} by ${by} at ${time} (lines: ${lines}, outputs of steps: ${outputs})`;
  await appendLog(connection, [{ taskId: id, time, stream: "system", step: null, text }]);
  return lines + outputs;
}
