import { AppError } from "../../domain/errors.ts";
import type { Incident } from "../../domain/notice.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { MessagesTable } from "../schema.ts";
import type { IncidentChange, NewMessage, NewPost } from "../store.ts";
import { lockedEndpoint } from "./endpoints.ts";

const allIncidents = prepare((db, _: object) => db.selectFrom("incidents").selectAll());

export async function incidents(connection: Connection): Promise<readonly Incident[]> {
  return (await allIncidents.all(connection, {})).map(({ told_at: toldAt, ...row }) => ({ ...row, toldAt }));
}

export type MessageInsert = Omit<MessagesTable, "seq" | "attempts" | "leased_by" | "lease_until" | "status">;

export const insertMessage = prepare((db, input: MessageInsert) =>
  db.insertInto("messages").values({
    id: input.id,
    endpoint: input.endpoint,
    type: input.type,
    task_id: input.task_id,
    retry_of: input.retry_of,
    headers: input.headers,
    body: input.body,
    state: input.state,
    attempts: 0,
    due_at: input.due_at,
    error: input.error,
    created_at: input.created_at,
    ended_at: input.ended_at,
    order_key: input.order_key,
  }),
);

/** Servers make notices into messages one after the other, so that messages have the order of the notices. */
const LOCK = "notices";

export async function postMessages(
  connection: Connection,
  { notices, messages, incidents: changes }: NewPost,
): Promise<void> {
  await connection.lock([LOCK]);
  const taken = await rowsOf(
    connection,
    connection.builder.deleteFrom("notices").where("id", "in", notices).returning("id"),
  );
  if (taken.length < notices.length) throw outrun();
  for (const change of changes) await changeIncident(connection, change);
  const gone = await goneEndpoints(connection, messages);
  for (const message of messages) await insertMessage.run(connection, toInsert(message, gone));
}

const outrun = (): AppError => new AppError("store:conflict");

const putIncident = prepare((db, input: Omit<Incident, "toldAt"> & { toldAt: string }) =>
  db
    .insertInto("incidents")
    .values({
      endpoint: input.endpoint,
      action: input.action,
      failures: input.failures,
      told_at: input.toldAt,
      version: input.version,
    })
    .onConflict((conflict) => conflict.columns(["endpoint", "action"]).doNothing()),
);

const endIncident = prepare((db, input: { endpoint: string; action: string; version: number }) =>
  db
    .deleteFrom("incidents")
    .where("endpoint", "=", input.endpoint)
    .where("action", "=", input.action)
    .where("version", "=", input.version),
);

/** Deleted and put anew: whichever does not find what was decided by has been outrun. */
async function changeIncident(
  connection: Connection,
  { endpoint, action, expected, next }: IncidentChange,
): Promise<void> {
  if (expected !== null) {
    const found = await endIncident.run(connection, { endpoint, action, version: expected });
    if (found === 0) throw outrun();
  }
  if (next === null) return;
  const version = (expected ?? 0) + 1;
  if ((await putIncident.run(connection, { endpoint, action, ...next, version })) === 0) throw outrun();
}

/** Those that have answered that they are gone for good, at the URL that they have now. */
async function goneEndpoints(
  connection: Connection,
  messages: readonly NewMessage[],
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  const urls = new Map(messages.map(({ endpoint, urlDigest }) => [endpoint, urlDigest]));
  for (const [name, digest] of [...urls].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if ((await lockedEndpoint(connection, name)).disabledUrl === digest) gone.add(name);
  }
  return gone;
}

export const GONE =
  "The endpoint has answered 410 Gone, so it is disabled; hookwright endpoints enable takes it back";

function toInsert(message: NewMessage, gone: ReadonlySet<string>): MessageInsert {
  const error = message.error ?? (gone.has(message.endpoint) ? GONE : null);
  return {
    id: message.id,
    endpoint: message.endpoint,
    type: message.type,
    task_id: message.taskId,
    retry_of: null,
    headers: JSON.stringify(message.headers),
    body: message.body,
    state: error === null ? "waiting" : "dead",
    due_at: message.createdAt,
    error,
    created_at: message.createdAt,
    ended_at: error === null ? null : message.createdAt,
    order_key: message.orderKey ?? null,
  };
}
