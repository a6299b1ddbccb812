import type { Selectable } from "kysely";
import { z } from "zod";
import type { AuditDetails, AuditEvent } from "../../domain/audit.ts";
import type { AuditFilter } from "../audit-calls.ts";
import { rowsOf, type Connection } from "../connection.ts";
import type { AuditEventsTable } from "../schema.ts";
import type { Page } from "../store.ts";

/** What nobody has done must not make one request read all events there are. */
const LOOKED_AT = 20_000;

export async function listAudit(connection: Connection, filter: AuditFilter): Promise<Page<AuditEvent>> {
  const { limit } = filter;
  const [last] = await rowsOf(
    connection,
    within(connection, filter).select(["time", "seq"]).limit(1).offset(LOOKED_AT),
  );
  const found = await rowsOf(connection, matching(connection, filter, last).limit(limit + 1));
  const rows = found.slice(0, limit);
  const end = rows.at(-1);
  const next = found.length > limit && end !== undefined ? end : (last ?? null);
  return { items: rows.map((row) => toEvent(row)), next: next === null ? null : cursorOf(next) };
}

type Position = Pick<Selectable<AuditEventsTable>, "time" | "seq">;

/** In the order of their times, and of those at the same moment, of their numbers. */
function within(connection: Connection, { since, until, cursor }: AuditFilter) {
  let query = connection.builder.selectFrom("audit_events").orderBy("time", "desc").orderBy("seq", "desc");
  if (since !== undefined) query = query.where("time", ">=", since);
  if (until !== undefined) query = query.where("time", "<", until);
  const before = positionOf(cursor);
  if (before === null) return query;
  return query
    .where("time", "<=", before.time)
    .where((eb) => eb.or([eb("time", "<", before.time), eb("seq", "<", before.seq)]));
}

function matching(connection: Connection, filter: AuditFilter, last: Position | undefined) {
  const { actor, action, target, result } = filter;
  let query = within(connection, filter).selectAll();
  if (actor !== undefined) query = query.where("actor", "=", actor);
  if (action !== undefined) query = query.where("action", "=", action);
  if (target !== undefined) query = query.where("target", "=", target);
  if (result !== undefined) query = query.where("result", "=", result);
  if (last === undefined) return query;
  return query
    .where("time", ">=", last.time)
    .where((eb) => eb.or([eb("time", ">", last.time), eb("seq", ">=", last.seq)]));
}

const cursorOf = ({ time, seq }: Position): string => `${time}~${seq}`;

/** Null for a cursor that makes no sense: then it is the first page. */
function positionOf(cursor = ""): Position | null {
  const [time = "", seq = ""] = cursor.split("~");
  return time !== "" && /^\d{1,15}$/.test(seq) ? { time, seq: Number(seq) } : null;
}

const details = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

function toEvent({ seq: _seq, details: text, ...row }: Selectable<AuditEventsTable>): AuditEvent {
  const parsed: AuditDetails = details.parse(JSON.parse(text));
  return { ...row, details: parsed };
}
