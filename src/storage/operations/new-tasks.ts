import type { TaskOutcome, TaskState } from "../../domain/task.ts";
import { nextPhase } from "../../domain/task-machine.ts";
import { prepare, type Connection } from "../connection.ts";
import type { NewTask, StartedTask } from "../store.ts";
import { isActive, isWaiting } from "./conditions.ts";

interface TaskInsert {
  readonly id: string;
  readonly action: string;
  readonly params: string;
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
  readonly reason: string | null;
  readonly started_by: string;
  readonly delivery_id: string | null;
  readonly group_name: string | null;
  readonly policy: NewTask["concurrency"]["policy"];
  readonly runs_on: string | null;
  readonly parent_id: string | null;
  readonly max_parallel: number | null;
  readonly settings_digest: string;
  readonly metadata: string;
  readonly created_at: string;
  readonly ended_at: string | null;
}

const insertTask = prepare((db, input: TaskInsert) =>
  db.insertInto("tasks").values({
    id: input.id,
    action: input.action,
    params: input.params,
    state: input.state,
    outcome: input.outcome,
    reason: input.reason,
    progress: 0,
    started_by: input.started_by,
    delivery_id: input.delivery_id,
    group_name: input.group_name,
    policy: input.policy,
    attempt: 1,
    runs_on: input.runs_on,
    parent_id: input.parent_id,
    max_parallel: input.max_parallel,
    settings_digest: input.settings_digest,
    metadata: input.metadata,
    created_at: input.created_at,
    ended_at: input.ended_at,
  }),
);

const openTasksOfGroup = prepare((db, { group }: { group: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "state"])
    .where("group_name", "=", group)
    .where((eb) => eb.or([isWaiting, isActive]))
    .orderBy("seq"),
);

const supersedeWaiting = prepare((db, input: { group: string; reason: string; now: string }) =>
  db
    .updateTable("tasks")
    .set({ state: "CANCELLED", outcome: "superseded", reason: input.reason, ended_at: input.now })
    .where("group_name", "=", input.group)
    .where(isWaiting),
);

/** As the state machine's `stop`; in one transaction with the task that supersedes them, so that no crash comes between. */
const supersedeRunning = prepare((db, input: { group: string; reason: string; now: string }) =>
  db
    .updateTable("tasks")
    .set({
      state: "CANCELLING",
      outcome: "superseded",
      reason: input.reason,
      ended_at: input.now,
      recoveries: 0,
    })
    .where("group_name", "=", input.group)
    .where(isActive)
    .where("state", "=", "RUNNING")
    .returning("id"),
);

export interface Inserted {
  readonly task: StartedTask;
  /** Tasks that ran and are CANCELLING now because of it. */
  readonly superseded: readonly string[];
}

/** The name that a group is locked by while something is decided about it. */
export const groupLock = (group: string): string => `group:${group}`;

/** Every task of a group is stored under its lock, so that the order of the queue is the order of the commits. */
export const locksOf = ({ concurrency: { policy, group } }: NewTask): string[] =>
  policy === "parallel" ? [] : [groupLock(group)];

/** To be called under the task's locks. Inserts a waiting task and applies the policy of its concurrency group. */
export async function insertWithPolicy(connection: Connection, task: NewTask): Promise<Inserted> {
  const { policy, group } = task.concurrency;
  if (policy === "reject") return insertUnlessBusy(connection, task, group);
  const superseded = policy === "supersede" ? await supersede(connection, task, group) : [];
  await insert(connection, task);
  return { task: started(task, "ENQUEUED", null), superseded };
}

async function insertUnlessBusy(connection: Connection, task: NewTask, group: string): Promise<Inserted> {
  const other = await openTasksOfGroup.first(connection, { group });
  if (other === undefined) {
    await insert(connection, task);
    return { task: started(task, "ENQUEUED", null), superseded: [] };
  }
  const phase = nextPhase({ state: "ENQUEUED", outcome: null }, { type: "reject" });
  const { state, outcome } = phase ?? { state: "CANCELLED", outcome: "rejected" };
  const reason = `Task ${other.id} of its concurrency group is ${other.state}`;
  await insert(connection, task, { state, outcome, reason });
  return { task: started(task, state, outcome), superseded: [] };
}

/** Waiting ones end at once; of the running ones the caller ends the commands. */
async function supersede(connection: Connection, task: NewTask, group: string): Promise<string[]> {
  const input = { group, reason: `Superseded by task ${task.id}`, now: task.createdAt };
  await supersedeWaiting.run(connection, input);
  return (await supersedeRunning.all(connection, input)).map(({ id }) => id);
}

interface Ending {
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
  readonly reason: string | null;
}

async function insert(connection: Connection, task: NewTask, ending?: Ending): Promise<void> {
  const row = toInsert(task, ending);
  const { id, group_name: group } = row;
  const waits = ending === undefined;
  // Handed over together, so that a database elsewhere is waited for once.
  await Promise.all([
    insertTask.run(connection, row),
    ...(waits ? [connection.jobs.add({ id, group, runsOn: task.runsOn ?? null })] : []),
  ]);
}

function toInsert(task: NewTask, ending: Ending | undefined): TaskInsert {
  return {
    id: task.id,
    action: task.action,
    params: JSON.stringify(task.params),
    state: ending?.state ?? "ENQUEUED",
    outcome: ending?.outcome ?? null,
    reason: ending?.reason ?? null,
    started_by: JSON.stringify(task.startedBy),
    delivery_id: task.deliveryId,
    group_name: task.concurrency.policy === "parallel" ? null : task.concurrency.group,
    policy: task.concurrency.policy,
    runs_on: task.runsOn === undefined || task.runsOn === null ? null : JSON.stringify(task.runsOn),
    parent_id: task.parentId ?? null,
    max_parallel: task.maxParallel ?? null,
    settings_digest: task.settingsDigest,
    metadata: JSON.stringify(task.metadata ?? {}),
    created_at: task.createdAt,
    ended_at: ending === undefined ? null : task.createdAt,
  };
}

const started = ({ id, action }: NewTask, state: TaskState, outcome: TaskOutcome | null): StartedTask => ({
  id,
  action,
  state,
  outcome,
});
