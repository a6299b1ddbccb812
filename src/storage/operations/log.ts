import type { LogEntry } from "../../domain/task.ts";
import { prepare, type Connection } from "../connection.ts";
import type { NewLogEntry, Store } from "../store.ts";

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

export async function appendLog(connection: Connection, entries: readonly NewLogEntry[]): Promise<number> {
  let last = 0;
  for (const entry of entries) last = (await insert.first(connection, entry))?.seq ?? last;
  return last;
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
