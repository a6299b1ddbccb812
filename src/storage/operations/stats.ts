import { sql } from "kysely";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { SourceStats, Store, TaskStats } from "../store.ts";

/** So many durations are enough for percentiles. */
const DURATIONS = 1_000;

/** All that it reads is in the index `tasks_ended`. */
const byHour = prepare((db, { since }: { since: string }) =>
  db
    .selectFrom("tasks")
    .select((eb) => [
      sql<string>`substr(ended_at, 1, 13)`.as("hour"),
      "outcome",
      eb.fn.countAll<number | string>().as("tasks"),
    ])
    .where("ended_at", ">=", since)
    .where("parent_id", "is", null)
    .groupBy([sql`substr(ended_at, 1, 13)`, "outcome"]),
);

const lastSucceeded = prepare((db, { since }: { since: string }) =>
  db
    .selectFrom("tasks")
    .select(["created_at", "started_at", "ended_at"])
    .where("ended_at", ">=", since)
    .where("outcome", "=", sql.lit("succeeded"))
    .where("parent_id", "is", null)
    .orderBy("ended_at", "desc")
    .limit(DURATIONS),
);

export async function taskStats(
  connection: Connection,
  { since }: Parameters<Store["taskStats"]>[0],
): Promise<TaskStats> {
  const hours = (await byHour.all(connection, { since })).flatMap(({ hour, outcome, tasks }) =>
    outcome === null ? [] : [{ hour, outcome, tasks: Number(tasks) }],
  );
  const succeeded = (await lastSucceeded.all(connection, { since })).flatMap((row) =>
    row.ended_at === null
      ? []
      : [{ createdAt: row.created_at, startedAt: row.started_at, endedAt: row.ended_at }],
  );
  return { hours: hours.toSorted((a, b) => (a.hour < b.hour ? -1 : 1)), succeeded };
}

/** A source that was silent for longer must not make this read every delivery there is. */
const RECENT_DELIVERIES = 10_000;

export async function sourceStats(connection: Connection): Promise<readonly SourceStats[]> {
  const recent = connection.builder
    .selectFrom("deliveries")
    .select(["source", "verdict", "received_at"])
    .orderBy("seq", "desc")
    .limit(RECENT_DELIVERIES);
  const counted = await rowsOf(
    connection,
    connection.builder
      .selectFrom(recent.as("recent"))
      .select((eb) => [
        "source",
        "verdict",
        eb.fn.countAll<number | string>().as("deliveries"),
        sql<string>`max(received_at)`.as("last_at"),
      ])
      .groupBy(["source", "verdict"]),
  );
  return [...Map.groupBy(counted, ({ source }) => source)].map(([source, rows]) => {
    const count = (wanted: string): number =>
      Number(rows.find(({ verdict }) => verdict === wanted)?.deliveries ?? 0);
    const lastAt =
      rows
        .map((row) => row.last_at)
        .toSorted()
        .at(-1) ?? "";
    return { source, accepted: count("accepted"), rejected: count("rejected"), lastAt };
  });
}
