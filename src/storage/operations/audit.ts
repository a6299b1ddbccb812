import { z } from "zod";
import type { AuditEvent } from "../../domain/audit.ts";
import { newId } from "../../lib/ids.ts";
import type { AuditCalls, RecordedCall } from "../audit-calls.ts";
import { prepare, type Connection } from "../connection.ts";
import type { AuditEventsTable } from "../schema.ts";
import type { StartedTask } from "../store.ts";

type AuditInsert = Omit<AuditEventsTable, "seq">;

const insert = prepare((db, input: AuditInsert) =>
  db.insertInto("audit_events").values({
    id: input.id,
    time: input.time,
    actor: input.actor,
    action: input.action,
    target: input.target,
    way: input.way,
    address: input.address,
    result: input.result,
    code: input.code,
    details: input.details,
  }),
);

/** By the transaction that does what it tells of. */
export async function insertAudit(connection: Connection, event: AuditEvent): Promise<void> {
  await insert.run(connection, { ...event, details: JSON.stringify(event.details) });
}

/** What became of a task that a webhook has started. */
export async function insertAuditOfTask(
  connection: Connection,
  event: AuditEvent,
  { id, action, outcome }: StartedTask,
): Promise<void> {
  const rejected = outcome === "rejected" ? ({ result: "refused", code: "task:rejected" } as const) : {};
  const about = { id: newId(), target: `task:${id}`, details: { ...event.details, action } };
  await insertAudit(connection, { ...event, ...about, ...rejected });
}

/** `work`: the call, in this transaction. */
export async function recorded(
  connection: Connection,
  { event, call }: Pick<Parameters<AuditCalls["recorded"]>[0], "event" | "call">,
  work: () => Promise<unknown>,
): Promise<unknown> {
  const result = await work();
  if (!changedNothing(call, result)) await insertAudit(connection, withCount(event, result));
  return result;
}

const rejectedTask = z.object({ task: z.object({ outcome: z.literal("rejected") }) });

/** Also where a new task's group has rejected it: whoever asked for it is refused. */
const changedNothing = (call: RecordedCall, result: unknown): boolean =>
  result === null ||
  result === false ||
  result === 0 ||
  (call === "createTask" && rejectedTask.safeParse(result).success);

const withCount = (event: AuditEvent, result: unknown): AuditEvent =>
  typeof result === "number" ? { ...event, details: { ...event.details, count: result } } : event;

const sameEvent = prepare((db, input: { id: string; time: string }) =>
  db.selectFrom("audit_events").select("seq").where("time", "=", input.time).where("id", "=", input.id),
);

export async function recordAudit(connection: Connection, events: readonly AuditEvent[]): Promise<void> {
  await connection.lock(events.map(({ id }) => `audit:${id}`));
  for (const event of events) {
    if ((await sameEvent.first(connection, event)) === undefined) await insertAudit(connection, event);
  }
}
