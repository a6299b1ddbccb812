import { isEnded, nextPhase } from "../../domain/task-machine.ts";
import type { Hold } from "../../domain/hold.ts";
import type { Task } from "../../domain/task.ts";
import { prepare, type Connection } from "../connection.ts";
import type { InsertedTask, Store } from "../store.ts";
import { isHeld } from "./conditions.ts";
import { applyPolicy, groupLock, type PolicyInput, supersedeHeld } from "./group-policy.ts";
import { appendLog } from "./log.ts";
import { lockedTask, toTasks } from "./read-tasks.ts";
import { tellOfTask } from "./notices.ts";
import { toJob, toStarted, type TaskRow } from "./rows.ts";

const byTime = prepare((db, { limit }: { limit: number }) =>
  db.selectFrom("tasks").selectAll().where(isHeld).orderBy("held_until").orderBy("seq").limit(limit),
);

export async function dueTasks(
  connection: Connection,
  { now, limit }: Parameters<Store["dueTasks"]>[0],
): Promise<{ readonly due: readonly Task[]; readonly next: string | null }> {
  const rows = await byTime.all(connection, { limit: limit + 1 });
  const due = rows.filter(({ held_until: until }) => until !== null && until <= now).slice(0, limit);
  return { due: await toTasks(connection, due), next: rows[due.length]?.held_until ?? null };
}

const held = prepare((db, _: object) =>
  db.selectFrom("tasks").selectAll().where(isHeld).orderBy("held_until").orderBy("seq"),
);

export async function heldTasks(connection: Connection, type: Hold["type"]): Promise<readonly Task[]> {
  const tasks = await toTasks(connection, await held.all(connection, {}));
  return tasks.filter(({ hold }) => hold?.type === type);
}

const groupOf = prepare((db, { id }: { id: string }) =>
  db.selectFrom("tasks").select("group_name").where("id", "=", id),
);

const update = prepare(
  (
    db,
    input: Pick<
      TaskRow,
      "id" | "state" | "outcome" | "reason" | "ended_at" | "held_until" | "hold" | "approval"
    >,
  ) =>
    db
      .updateTable("tasks")
      .set({
        state: input.state,
        outcome: input.outcome,
        reason: input.reason,
        ended_at: input.ended_at,
        held_until: input.held_until,
        hold: input.hold,
        approval: input.approval,
      })
      .where("id", "=", input.id),
);

type SettleInput = Parameters<Store["settleHold"]>[0];

/** See Store.settleHold. */
export async function settleHold(connection: Connection, input: SettleInput): Promise<InsertedTask | null> {
  const { id, note, now } = input;
  // A task's group never changes, so that it may be read before it is locked.
  const group = (await groupOf.first(connection, { id }))?.group_name ?? null;
  await connection.lock(group === null ? [] : [groupLock(group)]);
  const row = await lockedTask.first(connection, { id });
  if (row === undefined || !isHeldBy(row, input.hold)) return null;
  const settled = await settle(connection, row, input);
  const approval = input.approval === undefined ? row.approval : JSON.stringify(input.approval);
  const next = { ...row, ...settled.change, approval };
  await update.run(connection, next);
  if (isEnded(next.state)) await tellOfTask(connection, next, now);
  if (next.state === "ENQUEUED" && next.held_until === null) await connection.jobs.add(toJob(next));
  const lines = [note, ...(isEnded(next.state) && next.reason !== null ? [next.reason] : [])];
  const entries = [...new Set(lines)].map((text) => ({ text, stream: "system", step: null }) as const);
  await appendLog(
    connection,
    entries.map((entry) => ({ ...entry, taskId: id, time: now })),
  );
  return { task: toStarted(next), superseded: settled.superseded };
}

function isHeldBy(row: TaskRow, { type, until }: SettleInput["hold"]): boolean {
  return row.held_until === until && toStarted(row).hold?.type === type;
}

interface Settled {
  readonly change: Pick<TaskRow, "state" | "outcome" | "reason" | "ended_at" | "held_until" | "hold">;
  readonly superseded: readonly string[];
}

async function settle(connection: Connection, row: TaskRow, { after, now }: SettleInput): Promise<Settled> {
  const { reason } = row;
  if (after.type === "reject") return { change: rejected(after.reason, now), superseded: [] };
  const waiting = { state: "ENQUEUED", outcome: null, reason, ended_at: null } as const;
  if (after.type === "hold") {
    const { hold } = after;
    await supersedeHeld(connection, policyInput(row, now), hold);
    return { change: { ...waiting, held_until: hold.until, hold: JSON.stringify(hold) }, superseded: [] };
  }
  const policy = await applyPolicy(connection, policyInput(row, now));
  if (policy.type === "reject") return { change: rejected(policy.reason, now), superseded: [] };
  return { change: { ...waiting, held_until: null, hold: null }, superseded: policy.superseded };
}

const policyInput = (
  { id, action, policy, seq, group_name: group }: TaskRow,
  now: string,
): PolicyInput & Pick<TaskRow, "action"> => ({
  id,
  action,
  seq,
  now,
  policy,
  group: group ?? "",
});

function rejected(reason: string, now: string): Settled["change"] {
  const phase = nextPhase({ state: "ENQUEUED", outcome: null }, { type: "reject" });
  const { state, outcome } = phase ?? { state: "CANCELLED", outcome: "rejected" };
  return { state, outcome, reason, ended_at: now, held_until: null, hold: null };
}
