import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import type { StepRun, Task, TaskState } from "../../domain/task.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { Schema } from "../schema.ts";
import type { Page, TaskFilter } from "../store.ts";
import { beforeCursor, pageOf } from "./page.ts";
import { toStep, toTask, type TaskRow } from "./rows.ts";
import { isActive, isCancelled, isReady, isWaiting, unindexed } from "./conditions.ts";

const taskById = prepare((db, { id }: { id: string }) =>
  db.selectFrom("tasks").selectAll().where("id", "=", id),
);

const taskBySeq = prepare((db, { seq }: { seq: number }) =>
  db.selectFrom("tasks").selectAll().where("seq", "=", seq),
);

/** The same for a transaction that is going to change the task, or something that hangs on it. */
export const lockedTask = prepare((db, { id }: { id: string }) =>
  db.selectFrom("tasks").selectAll().where("id", "=", id).forNoKeyUpdate(),
);

export async function getTask(connection: Connection, id: string): Promise<Task | null> {
  const row = await taskById.first(connection, { id });
  if (row === undefined) return null;
  const [task] = await toTasks(connection, [row]);
  return task ?? null;
}

export async function getTaskByNumber(connection: Connection, number: number): Promise<Task | null> {
  const row = await taskBySeq.first(connection, { seq: number });
  if (row === undefined) return null;
  const [task] = await toTasks(connection, [row]);
  return task ?? null;
}

const newestOfAction = prepare((db, { action }: { action: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "settings_digest"])
    .where("action", "=", action)
    .where("parent_id", "is", null)
    .orderBy("seq", "desc")
    .limit(1),
);

export async function lastTaskOf(
  connection: Connection,
  action: string,
): Promise<{ readonly id: string; readonly settingsDigest: string } | null> {
  const row = await newestOfAction.first(connection, { action });
  return row === undefined ? null : { id: row.id, settingsDigest: row.settings_digest };
}

export async function listTasks(connection: Connection, filter: TaskFilter): Promise<Page<Task>> {
  const { search, limit, action, actions } = filter;
  if (action !== undefined && actions?.includes(action) === false) return { items: [], next: null };
  const page =
    search === undefined ? await readPage(connection, filter) : await searchPage(connection, filter, search);
  const { items, next } = pageOf(page.rows, limit, (row) => row);
  return { items: await toTasks(connection, items), next: next ?? page.next };
}

interface RowsOfPage {
  /** One more than the limit, where there are more. */
  readonly rows: readonly TaskRow[];
  /** Where a search goes on that has looked at all it may. */
  readonly next: string | null;
}

async function readPage(connection: Connection, filter: TaskFilter): Promise<RowsOfPage> {
  const { action, actions, limit } = filter;
  // Of several actions the newest of each are read and put in order: SQLite would sort all of their tasks.
  const each = action === undefined && actions !== undefined ? actions : [action];
  const found = await Promise.all(
    each.map((one) => {
      const query = filtered(connection, { ...filter, action: one });
      return rowsOf(connection, query.selectAll().limit(limit + 1));
    }),
  );
  const rows = found.flat().toSorted((one, other) => other.seq - one.seq);
  return { rows: rows.slice(0, limit + 1), next: null };
}

/** A text that nobody has must not make one request read every task there is. */
const SEARCHED = 20_000;

async function searchPage(connection: Connection, filter: TaskFilter, search: string): Promise<RowsOfPage> {
  const beyond = filtered(connection, filter).select("seq").limit(1).offset(SEARCHED);
  const [last] = await rowsOf(connection, beyond);
  const pattern = `%${search.toLowerCase().replaceAll(/[\\%_]/g, (found) => `\\${found}`)}%`;
  const text = sql`lower(id || ' ' || action || ' ' || params || ' ' || coalesce(reason, ''))`;
  let query = filtered(connection, filter)
    .selectAll()
    .where("seq", ">", last?.seq ?? 0)
    .where(sql<boolean>`${text} like ${pattern} escape '\\'`)
    .limit(filter.limit + 1);
  if (filter.actions !== undefined) query = query.where(unindexed.action, "in", filter.actions);
  const next = last === undefined ? null : String(last.seq + 1);
  return { rows: await rowsOf(connection, query), next };
}

function filtered(
  connection: Connection,
  { action, state, outcome, deliveryId, parentId, cursor }: TaskFilter,
): SelectQueryBuilder<Schema, "tasks", object> {
  const index = state === undefined ? null : indexOfState[state];
  const column = index?.unsorted === true ? unindexed : plain;
  let query = connection.builder
    .selectFrom("tasks")
    .where(column.seq, "<", beforeCursor(cursor))
    .orderBy(column.seq, "desc");
  if (action !== undefined) query = query.where(column.action, "=", action);
  if (state !== undefined) query = query.where("state", "=", state);
  if (index !== null) query = query.where(index.condition);
  if (outcome !== undefined) query = query.where("outcome", "=", outcome);
  if (deliveryId !== undefined) query = query.where("delivery_id", "=", deliveryId);
  if (parentId !== undefined) query = query.where("parent_id", "=", parentId);
  return query;
}

const plain = { seq: sql.ref<number>("seq"), action: sql.ref<string>("action") };

/** The partial indexes by which the few tasks of a state are found among very many; `unsorted`: not by `seq`. */
const indexOfState = {
  ENQUEUED: { condition: isWaiting, unsorted: true },
  RUNNING: { condition: isActive, unsorted: true },
  CANCELLING: { condition: isActive, unsorted: true },
  COMPLETED: null,
  CANCELLED: { condition: isCancelled, unsorted: false },
  FAILED_CANCELLING: { condition: isCancelled, unsorted: false },
} as const satisfies Record<TaskState, unknown>;

/** Rows with their steps and places in the queue, in two more queries however many rows there are. */
export async function toTasks(connection: Connection, rows: readonly TaskRow[]): Promise<Task[]> {
  const steps = await stepsOf(
    connection,
    rows.filter(({ started_at }) => started_at !== null),
  );
  const positions = await positionsOf(
    connection,
    rows.filter(({ state, held_until: heldUntil }) => state === "ENQUEUED" && heldUntil === null),
  );
  return rows.map((row) =>
    toTask(row, { steps: steps.get(row.id) ?? [], position: positions.get(row.id) ?? null }),
  );
}

const stepRows = (db: Kysely<Schema>) =>
  db.selectFrom("steps").selectAll().orderBy("task_id").orderBy("started_at").orderBy("phase").orderBy("idx");

/** What nearly every change of a task asks for. */
const stepsOfOne = prepare((db, { id }: { id: string }) => stepRows(db).where("task_id", "=", id));

async function stepsOf(
  connection: Connection,
  rows: readonly TaskRow[],
): Promise<ReadonlyMap<string, StepRun[]>> {
  const [first, ...others] = rows;
  if (first === undefined) return new Map();
  const found = await (others.length === 0
    ? stepsOfOne.all(connection, { id: first.id })
    : rowsOf(connection, stepRows(connection.builder).where("task_id", "in", ids(rows))));
  const groups = Map.groupBy(found, (row) => row.task_id);
  return new Map([...groups].map(([id, steps]) => [id, steps.map((row) => toStep(row))]));
}

/** 1 = next of its group; without a group, of all that have none. */
async function positionsOf(
  connection: Connection,
  rows: readonly TaskRow[],
): Promise<ReadonlyMap<string, number>> {
  if (rows.length === 0) return new Map();
  const groups = [...new Set(rows.map((row) => row.group_name))].filter((group) => group !== null);
  const last = Math.max(...rows.map(({ seq }) => seq));
  const waiting = connection.builder
    .selectFrom("tasks")
    .select((eb) => [
      "id",
      eb.fn
        .agg<number | string>("row_number")
        .over((over) => over.partitionBy("group_name").orderBy("seq"))
        .as("position"),
    ])
    .where(isReady)
    .where((eb) =>
      eb.or([
        ...(groups.length > 0 ? [eb("group_name", "in", groups)] : []),
        ...(rows.some((row) => row.group_name === null) ? [eb("group_name", "is", null)] : []),
      ]),
    )
    .where("seq", "<=", last);
  const query = connection.builder.selectFrom(waiting.as("waiting")).selectAll().where("id", "in", ids(rows));
  const found = await rowsOf(connection, query);
  return new Map(found.map(({ id, position }) => [id, Number(position)]));
}

const ids = (rows: readonly TaskRow[]): string[] => rows.map(({ id }) => id);
