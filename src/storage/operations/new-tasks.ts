import type { TaskOutcome, TaskState } from "../../domain/task.ts";
import { nextPhase } from "../../domain/task-machine.ts";
import { prepare, type Connection } from "../connection.ts";
import type { InsertedTask, NewTask, StartedTask } from "../store.ts";
import { applyPolicy, groupLock, quietLock, type PolicyResult, supersedeHeld } from "./group-policy.ts";
import { appendLog } from "./log.ts";
import { tellOfTask } from "./notices.ts";

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
  readonly held_until: string | null;
  readonly hold: string | null;
  readonly approval: string | null;
  readonly notify: string | null;
  readonly correlation: string | null;
  readonly report: string | null;
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
    held_until: input.held_until,
    hold: input.hold,
    approval: input.approval,
    notify: input.notify,
    correlation: input.correlation,
    report: input.report,
  }),
);

/** Every task of a group is stored under its lock, so that the order of the queue is the order of the commits. */
export function locksOf({ action, concurrency: { policy, group }, hold }: NewTask): string[] {
  if (policy !== "parallel") return [groupLock(group)];
  return hold?.type === "quiet" ? [quietLock(action)] : [];
}

/** To be called under the task's locks. Inserts a waiting task; unless it is held, by the policy of its concurrency group. */
export async function insertWithPolicy(connection: Connection, task: NewTask): Promise<InsertedTask> {
  const policy = await policyFor(connection, task);
  if (policy.type === "reject") return insertRejected(connection, task, policy.reason);
  await insert(connection, task);
  const { concurrency, id, action, hold, createdAt: now } = task;
  if (hold) await supersedeHeld(connection, { ...concurrency, id, action, seq: LAST, now }, hold);
  return { task: started(task, "ENQUEUED", null), superseded: policy.superseded };
}

/** Later than all. */
const LAST = Number.MAX_SAFE_INTEGER;

async function policyFor(connection: Connection, task: NewTask): Promise<PolicyResult> {
  const { id, concurrency, createdAt: now } = task;
  if (isHeld(task)) return { type: "may_wait", superseded: [] };
  return applyPolicy(connection, { ...concurrency, id, seq: LAST, now });
}

const isHeld = ({ hold }: NewTask): boolean => hold !== undefined && hold !== null;

async function insertRejected(connection: Connection, task: NewTask, reason: string): Promise<InsertedTask> {
  const phase = nextPhase({ state: "ENQUEUED", outcome: null }, { type: "reject" });
  const { state, outcome } = phase ?? { state: "CANCELLED", outcome: "rejected" };
  const row = await insert(connection, task, { state, outcome, reason });
  await tellOfTask(connection, row, task.createdAt);
  return { task: started(task, state, outcome), superseded: [] };
}

interface Ending {
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
  readonly reason: string | null;
}

async function insert(connection: Connection, task: NewTask, ending?: Ending): Promise<TaskInsert> {
  const row = toInsert(task, ending);
  const { id, group_name: group } = row;
  const waits = ending === undefined && !isHeld(task);
  // Handed over together, so that a database elsewhere is waited for once.
  await Promise.all([
    insertTask.run(connection, row),
    ...(waits ? [connection.jobs.add({ id, group, runsOn: task.runsOn ?? null })] : []),
  ]);
  if (ending === undefined) await tellOfTask(connection, row, task.createdAt);
  if (task.note === undefined) return row;
  const entry = { taskId: id, time: task.createdAt, stream: "system", step: null, text: task.note } as const;
  await appendLog(connection, [entry]);
  return row;
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
    runs_on: orNull(task.runsOn),
    parent_id: task.parentId ?? null,
    max_parallel: task.maxParallel ?? null,
    settings_digest: task.settingsDigest,
    metadata: JSON.stringify(task.metadata ?? {}),
    created_at: task.createdAt,
    ended_at: ending === undefined ? null : task.createdAt,
    held_until: task.hold?.until ?? null,
    hold: orNull(task.hold),
    approval: orNull(task.approval),
    notify: task.notify === undefined || task.notify.length === 0 ? null : JSON.stringify(task.notify),
    correlation: task.correlation === undefined ? null : JSON.stringify(task.correlation),
    report: orNull(task.report),
  };
}

const orNull = (value: object | null | undefined): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

const started = (
  { id, action, hold = null, note }: NewTask,
  state: TaskState,
  outcome: TaskOutcome | null,
): StartedTask => ({ id, action, state, outcome, hold, note: note ?? null });
