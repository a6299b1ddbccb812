import type { Task } from "../../domain/task.ts";
import { isEnded, nextPhase, type TaskPhase } from "../../domain/task-machine.ts";
import { prepare, type Connection } from "../connection.ts";
import type { InsertedTask, NewTask, Store, TaskOwner } from "../store.ts";
import { insertWithPolicy, locksOf } from "./new-tasks.ts";
import { tellOfTask } from "./notices.ts";
import { checkOwner, lockAsOwner } from "./owner.ts";
import { getTask, lockedTask } from "./read-tasks.ts";
import { toJob, type TaskRow } from "./rows.ts";

export async function createTask(
  connection: Connection,
  task: NewTask,
  owner?: TaskOwner,
): Promise<InsertedTask> {
  await connection.lock(locksOf(task));
  if (typeof task.parentId === "string") await lockAsOwner(connection, task.parentId, owner);
  return insertWithPolicy(connection, task);
}

const update = prepare((db, input: TaskRow) =>
  db
    .updateTable("tasks")
    .set({
      state: input.state,
      outcome: input.outcome,
      reason: input.reason,
      progress: input.progress,
      attempt: input.attempt,
      node: input.node,
      started_at: input.started_at,
      ended_at: input.ended_at,
      recoveries: input.recoveries,
      held_until: input.held_until,
      hold: input.hold,
    })
    .where("id", "=", input.id),
);

const deleteSteps = prepare((db, { id }: { id: string }) => db.deleteFrom("steps").where("task_id", "=", id));

export async function transition(
  connection: Connection,
  { id, signal, reason, now, owner }: Parameters<Store["transition"]>[0],
): Promise<Task | null> {
  const row = await lockedTask.first(connection, { id });
  if (row === undefined) return null;
  checkOwner(row, owner);
  const phase = nextPhase({ state: row.state, outcome: row.outcome }, signal);
  if (phase === null) return null;
  const next = changed(row, phase, { reason, now });
  await update.run(connection, next);
  await tellOfTask(connection, next, now);
  if (signal.type === "requeue") {
    await deleteSteps.run(connection, { id });
    await connection.jobs.add(toJob(row));
  }
  return getTask(connection, id);
}

function changed(
  row: TaskRow,
  phase: TaskPhase,
  { reason, now }: { reason: string | null; now: string },
): TaskRow {
  const free = { recoveries: 0, held_until: null, hold: null };
  const next = { ...row, ...phase, reason: reason ?? row.reason, ...free };
  if (phase.state === "ENQUEUED") {
    return { ...next, attempt: row.attempt + 1, started_at: null, node: null };
  }
  if (phase.state === "RUNNING") return { ...next, started_at: now };
  const ended = { ...next, ended_at: row.ended_at ?? now };
  if (!isEnded(phase.state)) return ended;
  const progress = phase.state === "COMPLETED" ? 100 : row.progress;
  return { ...ended, progress };
}

const raiseProgress = prepare((db, input: { id: string; progress: number }) =>
  db
    .updateTable("tasks")
    .set({ progress: input.progress })
    .where("id", "=", input.id)
    .where("progress", "<", input.progress)
    .where("state", "in", ["RUNNING", "CANCELLING"]),
);

export async function setProgress(
  connection: Connection,
  input: Parameters<Store["setProgress"]>[0],
): Promise<void> {
  await lockAsOwner(connection, input.id, input.owner);
  await raiseProgress.run(connection, input);
}

const replaceMetadata = prepare((db, input: { id: string; metadata: string }) =>
  db.updateTable("tasks").set({ metadata: input.metadata }).where("id", "=", input.id),
);

export async function setMetadata(
  connection: Connection,
  { id, metadata, owner }: Parameters<Store["setMetadata"]>[0],
): Promise<void> {
  await lockAsOwner(connection, id, owner);
  await replaceMetadata.run(connection, { id, metadata: JSON.stringify(metadata) });
}
