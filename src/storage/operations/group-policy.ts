import type { Concurrency } from "../../domain/action.ts";
import type { Hold } from "../../domain/hold.ts";
import { prepare, type Connection } from "../connection.ts";
import { isActive, isHeld, isReady, isWaiting } from "./conditions.ts";
import { tellOfTask } from "./notices.ts";
import { toStarted } from "./rows.ts";

const openTasksOfGroup = prepare((db, { group, id }: { group: string; id: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "state"])
    .where("group_name", "=", group)
    .where("id", "!=", id)
    .where((eb) => eb.or([isReady, isActive]))
    .orderBy("seq"),
);

interface SupersedeInput {
  readonly group: string;
  readonly id: string;
  readonly seq: number;
  readonly reason: string;
  readonly now: string;
}

/** Held ones that are newer stay: they will supersede this one in their turn. */
const supersedeWaiting = prepare((db, input: SupersedeInput) =>
  db
    .updateTable("tasks")
    .set({
      state: "CANCELLED",
      outcome: "superseded",
      reason: input.reason,
      ended_at: input.now,
      held_until: null,
      hold: null,
    })
    .where("group_name", "=", input.group)
    .where("id", "!=", input.id)
    .where(isWaiting)
    .where((eb) => eb.or([isReady, eb("seq", "<", input.seq)]))
    .returning(["id", "state", "outcome", "notify"]),
);

/** As the state machine's `stop`; in one transaction with the task that supersedes them, so that no crash comes between. */
const supersedeRunning = prepare((db, input: SupersedeInput) =>
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

const heldOfGroup = prepare((db, input: { group: string; id: string; seq: number }) =>
  db
    .selectFrom("tasks")
    .select(["id", "action", "state", "outcome", "hold"])
    .where("group_name", "=", input.group)
    .where("id", "!=", input.id)
    .where("seq", "<", input.seq)
    .where(isHeld),
);

const heldWithoutGroup = prepare((db, input: { action: string; id: string; seq: number }) =>
  db
    .selectFrom("tasks")
    .select(["id", "action", "state", "outcome", "hold"])
    .where("group_name", "is", null)
    .where("action", "=", input.action)
    .where("id", "!=", input.id)
    .where("seq", "<", input.seq)
    .where(isHeld),
);

const supersedeOne = prepare((db, input: { id: string; reason: string; now: string }) =>
  db
    .updateTable("tasks")
    .set({
      state: "CANCELLED",
      outcome: "superseded",
      reason: input.reason,
      ended_at: input.now,
      held_until: null,
      hold: null,
    })
    .where("id", "=", input.id)
    .returning(["id", "state", "outcome", "notify"]),
);

/**
 * Of tasks that supersede each other and wait for the same thing, only the newest is of use; so of those of one action that
 * wait for quiet, whatever the policy. Not of those that wait for approval, or for their tests: the newest may be refused. To be called under
 * the task's locks.
 */
export async function supersedeHeld(
  connection: Connection,
  { id, action, policy, group, seq, now }: PolicyInput & { readonly action: string },
  { type }: Hold,
): Promise<void> {
  const all = policy === "supersede";
  if (type !== "quiet" && !(type === "freeze" && all)) return;
  const rows =
    policy === "parallel"
      ? await heldWithoutGroup.all(connection, { action, id, seq })
      : await heldOfGroup.all(connection, { group, id, seq });
  for (const older of rows.map((row) => toStarted(row))) {
    if (older.hold?.type !== type || !(all || older.action === action)) continue;
    const ended = await supersedeOne.first(connection, {
      id: older.id,
      reason: `Superseded by task ${id}`,
      now,
    });
    if (ended !== undefined) await tellOfTask(connection, ended, now);
  }
}

/** The name that a group is locked by while something is decided about it. */
export const groupLock = (group: string): string => `group:${group}`;

/** The same for the tasks of an action that wait for quiet and have no group. */
export const quietLock = (action: string): string => `quiet:${action}`;

export interface PolicyInput {
  readonly id: string;
  readonly policy: Concurrency["policy"];
  readonly group: string;
  /** Its place in the queue; a task that is not stored yet will be the last. */
  readonly seq: number;
  readonly now: string;
}

export type PolicyResult =
  /** `superseded`: tasks that ran and are CANCELLING now because of it. */
  | { readonly type: "may_wait"; readonly superseded: readonly string[] }
  | { readonly type: "reject"; readonly reason: string };

/** What the policy of its concurrency group does about a task that may start from now on. To be called under the group's lock. */
export async function applyPolicy(connection: Connection, input: PolicyInput): Promise<PolicyResult> {
  const { id, policy, group } = input;
  if (policy === "reject") {
    const other = await openTasksOfGroup.first(connection, { group, id });
    if (other === undefined) return { type: "may_wait", superseded: [] };
    return { type: "reject", reason: `Task ${other.id} of its concurrency group is ${other.state}` };
  }
  return { type: "may_wait", superseded: policy === "supersede" ? await supersede(connection, input) : [] };
}

/** Waiting ones end at once; of the running ones the caller ends the commands. */
async function supersede(connection: Connection, { id, group, seq, now }: PolicyInput): Promise<string[]> {
  const input = { group, id, seq, reason: `Superseded by task ${id}`, now };
  for (const ended of await supersedeWaiting.all(connection, input)) await tellOfTask(connection, ended, now);
  return (await supersedeRunning.all(connection, input)).map((row) => row.id);
}
