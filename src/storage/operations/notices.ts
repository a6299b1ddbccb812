import { z } from "zod";
import { NOTICE_TYPES, noticeOf, type NoticeType } from "../../domain/notice.ts";
import { newId } from "../../lib/ids.ts";
import { prepare, type Connection } from "../connection.ts";
import type { TaskRow } from "./rows.ts";

interface NoticeInsert {
  readonly id: string;
  readonly type: NoticeType;
  readonly task_id: string | null;
  readonly delivery_id: string | null;
  readonly created_at: string;
}

const insert = prepare((db, input: NoticeInsert) =>
  db.insertInto("notices").values({
    id: input.id,
    type: input.type,
    task_id: input.task_id,
    delivery_id: input.delivery_id,
    created_at: input.created_at,
  }),
);

const types = z.array(z.enum(NOTICE_TYPES));

/**
 * To be called by whatever changes a task's phase, in the same transaction: leaves a notice, if endpoints are to be told of
 * the phase that `row` is in now. Of a task that nobody wants to hear of it costs nothing.
 */
export async function tellOfTask(
  connection: Connection,
  row: Pick<TaskRow, "id" | "state" | "outcome" | "notify">,
  at: string,
): Promise<void> {
  if (row.notify === null) return;
  const type = noticeOf(row);
  if (type === null || !types.parse(JSON.parse(row.notify)).includes(type)) return;
  await insert.run(connection, { id: newId(), type, task_id: row.id, delivery_id: null, created_at: at });
}

/** The same for a delivery that was rejected. */
export async function tellOfDelivery(connection: Connection, id: string, at: string): Promise<void> {
  const type = "delivery.rejected";
  await insert.run(connection, { id: newId(), type, task_id: null, delivery_id: id, created_at: at });
}
