import { sql } from "kysely";
import { rowsOf, type Connection } from "../connection.ts";
import type { Prunable, PruneInput } from "../store.ts";
import { hasBody, isEnded } from "./conditions.ts";
import { ofOpenTasks, remembered, withOpenFamily } from "./in-use.ts";

/** A row that a walk through a table comes by. */
export interface Passed {
  readonly seq: number;
  readonly id: string;
  /** So old that the walk has to go on. SQLite has no booleans. */
  readonly old: boolean | number;
  /** Old enough to go, if nothing uses it. */
  readonly ripe: boolean | number;
  /** Of a body that goes with it; no reference where there is none. */
  readonly bytes: number;
  readonly body_ref: string;
  readonly delivery_id: string | null;
  readonly parent_id: string | null;
}

export interface PrunableKind {
  /** The next rows by `seq`. */
  readonly pass: (connection: Connection, input: PruneInput) => Promise<readonly Passed[]>;
  /** The ids of those that something uses. */
  readonly used: (connection: Connection, rows: readonly Passed[]) => Promise<ReadonlySet<string>>;
  /** False when not all of it could be removed in one batch: then the same rows are to be passed again. */
  readonly remove: (connection: Connection, rows: readonly Passed[]) => Promise<boolean>;
}

const noBody = [sql<number>`0`.as("bytes"), sql<string>`''`.as("body_ref")] as const;
const noOthers = [sql<null>`null`.as("delivery_id"), sql<null>`null`.as("parent_id")] as const;

const bodies: PrunableKind = {
  pass: (connection, { before, upTo, after, limit }) =>
    rowsOf(
      connection,
      connection.builder
        .selectFrom("deliveries")
        .select(["seq", "id", "body_ref", "body_size as bytes", ...noOthers])
        .select((eb) => {
          const isOld = eb.or([eb("received_at", "<", before), eb("seq", "<=", upTo)]);
          return [isOld.as("old"), isOld.as("ripe")];
        })
        .where(hasBody)
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(limit),
    ),
  used: (connection, rows) => ofOpenTasks(connection, idsOf(rows)),
  async remove(connection, rows) {
    await forgetBodies(connection, rows);
    const update = connection.builder.updateTable("deliveries").set({ body_ref: "" });
    await rowsOf(connection, update.where("seq", "in", seqsOf(rows)));
    return true;
  },
};

const logs: PrunableKind = {
  pass: (connection, { before, after, limit }) =>
    rowsOf(
      connection,
      connection.builder
        .selectFrom("log")
        .leftJoin("tasks", "tasks.id", "log.task_id")
        .select(["log.seq", "log.task_id as id", ...noBody, ...noOthers])
        .select((eb) => eb("log.time", "<", before).as("old"))
        .select(sql<boolean>`tasks.id is null or (${isEnded} and tasks.ended_at < ${before})`.as("ripe"))
        .where("log.seq", ">", after)
        .orderBy("log.seq")
        .limit(limit),
    ),
  used: async () => new Set(),
  async remove(connection, rows) {
    await rowsOf(connection, connection.builder.deleteFrom("log").where("seq", "in", seqsOf(rows)));
    return true;
  },
};

/** Of the logs of the tasks of one batch, so many entries go at a time: a single log may be long. */
const LOG_ENTRIES = 2_000;

const tasks: PrunableKind = {
  pass: (connection, { before, after, limit }) =>
    rowsOf(
      connection,
      connection.builder
        .selectFrom("tasks")
        .select(["seq", "id", "delivery_id", "parent_id", ...noBody])
        .select((eb) => eb("created_at", "<", before).as("old"))
        .select(sql<boolean>`${isEnded} and ended_at < ${before}`.as("ripe"))
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(limit),
    ),
  async used(connection, rows) {
    const kept = await remembered(
      connection,
      rows.map((row) => row.delivery_id).filter((id) => id !== null),
    );
    const ofKept = rows.filter((row) => row.delivery_id !== null && kept.has(row.delivery_id));
    const family = await withOpenFamily(connection, rows);
    return new Set([...idsOf(ofKept), ...family]);
  },
  async remove(connection, rows) {
    const { builder } = connection;
    const ids = idsOf(rows);
    const entries = builder.selectFrom("log").select("seq").where("task_id", "in", ids).limit(LOG_ENTRIES);
    const gone = await rowsOf(
      connection,
      builder.deleteFrom("log").where("seq", "in", entries).returning("seq"),
    );
    if (gone.length === LOG_ENTRIES) return false;
    await rowsOf(connection, builder.deleteFrom("steps").where("task_id", "in", ids));
    await rowsOf(connection, builder.deleteFrom("tasks").where("seq", "in", seqsOf(rows)));
    return true;
  },
};

const deliveries: PrunableKind = {
  pass: (connection, { before, after, limit }) =>
    rowsOf(
      connection,
      connection.builder
        .selectFrom("deliveries")
        .select(["seq", "id", "body_ref", ...noOthers])
        .select((eb) => [eb("received_at", "<", before).as("old"), eb("received_at", "<", before).as("ripe")])
        .select(sql<number>`case when body_ref = '' then 0 else body_size end`.as("bytes"))
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(limit),
    ),
  async used(connection, rows) {
    const ids = idsOf(rows);
    return new Set([...(await ofOpenTasks(connection, ids)), ...(await remembered(connection, ids))]);
  },
  async remove(connection, rows) {
    await forgetBodies(connection, rows);
    await rowsOf(connection, connection.builder.deleteFrom("deliveries").where("seq", "in", seqsOf(rows)));
    return true;
  },
};

/** The one way by which events go; the database refuses it for young ones, see migrations/0019-audit.ts. */
const audit: PrunableKind = {
  pass: (connection, { before, after, limit }) =>
    rowsOf(
      connection,
      connection.builder
        .selectFrom("audit_events")
        .select(["seq", "id", ...noBody, ...noOthers])
        .select((eb) => [eb("time", "<", before).as("old"), eb("time", "<", before).as("ripe")])
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(limit),
    ),
  used: async () => new Set(),
  async remove(connection, rows) {
    await rowsOf(connection, connection.builder.deleteFrom("audit_events").where("seq", "in", seqsOf(rows)));
    return true;
  },
};

/** What is not kept for ever, by kind. */
export const prunable: Readonly<Record<Prunable, PrunableKind>> = { bodies, logs, tasks, deliveries, audit };

const idsOf = (rows: readonly Passed[]): string[] => rows.map(({ id }) => id);
const seqsOf = (rows: readonly Passed[]): number[] => rows.map(({ seq }) => seq);

function forgetBodies({ bodies: store }: Connection, rows: readonly Passed[]): Promise<void> {
  return store.remove(rows.flatMap(({ body_ref: ref }) => (ref === "" ? [] : [ref])));
}
