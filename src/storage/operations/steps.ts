import { sql } from "kysely";
import { prepare, type Connection } from "../connection.ts";
import type { StepsTable } from "../schema.ts";
import type { Store } from "../store.ts";
import { isCompleted } from "./conditions.ts";
import { lockAsOwner } from "./owner.ts";

/** Of so many of an action's last completed tasks the mean is taken. */
const SAMPLE = 10;

/** The start of a step is not waited for, so it may arrive after the end of the same step; then it says nothing new. */
const isNews = sql<boolean>`steps.ended_at is null or excluded.ended_at is not null or excluded.started_at > steps.started_at`;

const upsert = prepare((db, input: StepsTable) =>
  db
    .insertInto("steps")
    .values({
      task_id: input.task_id,
      phase: input.phase,
      idx: input.idx,
      name: input.name,
      kind: input.kind,
      state: input.state,
      exit_code: input.exit_code,
      outputs: input.outputs,
      started_at: input.started_at,
      ended_at: input.ended_at,
      duration_ms: input.duration_ms,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["task_id", "phase", "idx"])
        .doUpdateSet((eb) => ({
          state: eb.ref("excluded.state"),
          exit_code: eb.ref("excluded.exit_code"),
          outputs: eb.ref("excluded.outputs"),
          started_at: eb.ref("excluded.started_at"),
          ended_at: eb.ref("excluded.ended_at"),
          duration_ms: eb.ref("excluded.duration_ms"),
        }))
        .where(isNews),
    ),
);

export async function putStep(
  connection: Connection,
  { taskId, step, owner }: Parameters<Store["putStep"]>[0],
): Promise<void> {
  await lockAsOwner(connection, taskId, owner);
  const { startedAt, endedAt } = step;
  await upsert.run(connection, {
    task_id: taskId,
    phase: step.phase,
    idx: step.index,
    name: step.name,
    kind: step.kind,
    state: step.state,
    exit_code: step.exitCode,
    outputs: JSON.stringify(step.outputs),
    started_at: startedAt,
    ended_at: endedAt,
    duration_ms: endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt),
  });
}

const durations = prepare((db, { action }: { action: string }) =>
  db
    .selectFrom("steps")
    .select((eb) => ["idx", eb.fn.avg("duration_ms").as("mean")])
    .where("task_id", "in", (eb) =>
      eb
        .selectFrom("tasks")
        .select("id")
        .where("action", "=", action)
        .where(isCompleted)
        .orderBy("seq", "desc")
        .limit(SAMPLE),
    )
    .where("phase", "=", "run")
    .where("state", "=", "succeeded")
    .groupBy("idx"),
);

export async function stepDurations(
  connection: Connection,
  action: string,
): Promise<Readonly<Record<number, number>>> {
  const rows = await durations.all(connection, { action });
  return Object.fromEntries(rows.map(({ idx, mean }) => [idx, Number(mean)]));
}
