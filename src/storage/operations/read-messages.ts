import type { Selectable } from "kysely";
import { z } from "zod";
import type { Message } from "../../domain/message.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { MessagesTable } from "../schema.ts";
import type { EndpointRecord, MessageFilter, Page } from "../store.ts";
import { toState } from "./endpoints.ts";
import { beforeCursor, pageOf } from "./page.ts";

const headers = z.record(z.string(), z.string());

export type MessageRow = Selectable<MessagesTable>;

export const toMessage = (row: MessageRow): Message => ({
  id: row.id,
  endpoint: row.endpoint,
  type: row.type,
  taskId: row.task_id,
  retryOf: row.retry_of,
  headers: headers.parse(JSON.parse(row.headers)),
  body: row.body,
  state: row.state,
  attempts: row.attempts,
  dueAt: row.due_at,
  status: row.status,
  error: row.error,
  createdAt: row.created_at,
  endedAt: row.ended_at,
});

const byId = prepare((db, { id }: { id: string }) =>
  db.selectFrom("messages").selectAll().where("id", "=", id),
);

export async function getMessage(connection: Connection, id: string): Promise<Message | null> {
  const row = await byId.first(connection, { id });
  return row === undefined ? null : toMessage(row);
}

export async function listMessages(
  connection: Connection,
  { endpoint, state, cursor, limit }: MessageFilter,
): Promise<Page<Message>> {
  let query = connection.builder
    .selectFrom("messages")
    .selectAll()
    .where("seq", "<", beforeCursor(cursor))
    .orderBy("seq", "desc")
    .limit(limit + 1);
  if (endpoint !== undefined) query = query.where("endpoint", "=", endpoint);
  if (state !== undefined) query = query.where("state", "=", state);
  return pageOf(await rowsOf(connection, query), limit, toMessage);
}

const counts = prepare((db, _: object) =>
  db
    .selectFrom("messages")
    .select((eb) => ["endpoint", "state", eb.fn.countAll<number>().as("count")])
    .where("state", "in", ["waiting", "dead"])
    .groupBy(["endpoint", "state"]),
);
const all = prepare((db, _: object) => db.selectFrom("endpoints").selectAll().orderBy("name"));

export async function endpointRecords(connection: Connection): Promise<readonly EndpointRecord[]> {
  const counted = await counts.all(connection, {});
  const countOf = (name: string, state: string): number =>
    counted.find((row) => row.endpoint === name && row.state === state)?.count ?? 0;
  return (await all.all(connection, {})).map((row) => ({
    name: row.name,
    ...toState(row),
    waiting: countOf(row.name, "waiting"),
    dead: countOf(row.name, "dead"),
  }));
}
