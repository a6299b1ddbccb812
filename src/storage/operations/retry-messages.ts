import type { Message } from "../../domain/message.ts";
import { newId } from "../../lib/ids.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { Store } from "../store.ts";
import { insertMessage } from "./post-messages.ts";
import { getMessage, type MessageRow } from "./read-messages.ts";

const locked = prepare((db, { id }: { id: string }) =>
  db.selectFrom("messages").selectAll().where("id", "=", id).forUpdate(),
);
const markRetried = prepare((db, { id }: { id: string }) =>
  db.updateTable("messages").set({ state: "retried" }).where("id", "=", id).where("state", "=", "dead"),
);

export async function retryMessage(
  connection: Connection,
  { id, now }: Parameters<Store["retryMessage"]>[0],
): Promise<Message | null> {
  const row = await locked.first(connection, { id });
  if (row === undefined || row.state === "waiting" || (await isOvertaken(connection, row))) return null;
  return getMessage(connection, await sendAnew(connection, row, now));
}

export async function retryDeadMessages(
  connection: Connection,
  { endpoint, now }: Parameters<Store["retryDeadMessages"]>[0],
): Promise<number> {
  let query = connection.builder.selectFrom("messages").selectAll().where("state", "=", "dead");
  if (endpoint !== null) query = query.where("endpoint", "=", endpoint);
  const rows = await rowsOf(connection, query.orderBy("seq").forUpdate());
  let count = 0;
  for (const row of rows) {
    if (await isOvertaken(connection, row)) continue;
    await sendAnew(connection, row, now);
    count += 1;
  }
  return count;
}

const later = prepare((db, input: { endpoint: string; key: string; seq: number }) =>
  db
    .selectFrom("messages")
    .select("id")
    .where("endpoint", "=", input.endpoint)
    .where("order_key", "=", input.key)
    .where("seq", ">", input.seq)
    // What the condition of the index says.
    .where("order_key", "is not", null)
    .limit(1),
);

/** Whether something newer has been said in its place: sent now it would be taken for the newest. */
async function isOvertaken(
  connection: Connection,
  { endpoint, order_key: key, seq }: MessageRow,
): Promise<boolean> {
  return key !== null && (await later.first(connection, { endpoint, key, seq })) !== undefined;
}

/** Under an id of its own: neither our queue nor a receiver that goes by the id may take it for a repetition. */
async function sendAnew(connection: Connection, row: MessageRow, now: string): Promise<string> {
  const id = newId();
  await insertMessage.run(connection, {
    id,
    endpoint: row.endpoint,
    type: row.type,
    task_id: row.task_id,
    retry_of: row.id,
    headers: row.headers,
    body: row.body,
    state: "waiting",
    due_at: now,
    error: null,
    created_at: now,
    ended_at: null,
    order_key: row.order_key,
  });
  await markRetried.run(connection, { id: row.id });
  return id;
}
