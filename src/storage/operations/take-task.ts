import { isEnded } from "../../domain/task-machine.ts";
import { prepare, type Connection } from "../connection.ts";
import type { Store, TakenTask } from "../store.ts";
import { adoptTask, mayRun, startTask, toClaimed } from "./claim-tasks.ts";
import { isActive, isReady } from "./conditions.ts";
import { groupLock } from "./group-policy.ts";
import { lockedTask } from "./read-tasks.ts";
import { toJob, type TaskRow } from "./rows.ts";

/** How long a group is left alone that nothing can be taken of now, though the engine thought so. It seldom does. */
const LATER_MS = 3_000;

const jobTask = prepare((db, { id }: { id: string }) =>
  db.selectFrom("tasks").select(["id", "group_name", "runs_on"]).where("id", "=", id),
);

const activeOfGroup = prepare((db, { group }: { group: string }) =>
  db.selectFrom("tasks").selectAll().where("group_name", "=", group).where(isActive).forNoKeyUpdate(),
);

const firstOfGroup = prepare((db, { group }: { group: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "runs_on"])
    .where("group_name", "=", group)
    .where(isReady)
    .orderBy("seq")
    .limit(1),
);

const liveNode = prepare((db, input: { id: string; now: string }) =>
  db.selectFrom("nodes").select("id").where("id", "=", input.id).where("lease_until", ">", input.now),
);

type TakeInput = Parameters<Store["takeTask"]>[0];

/**
 * See Store.takeTask. A job of a group is a ticket for whatever comes first in the group: engines may hand jobs out in
 * another order than the tasks have, after a crash above all.
 */
export async function takeTask(connection: Connection, input: TakeInput): Promise<TakenTask> {
  const job = await jobTask.first(connection, { id: input.id });
  if (job === undefined) return { type: "none" };
  if (job.group_name === null) return takeAlone(connection, input);
  const taken = await takeOfGroup(connection, job.group_name, input);
  if (taken.type === "later") await connection.jobs.add(toJob(job), LATER_MS);
  return taken;
}

async function takeAlone(connection: Connection, input: TakeInput): Promise<TakenTask> {
  const row = await lockedTask.first(connection, { id: input.id });
  if (row === undefined || isEnded(row.state)) return { type: "none" };
  if (row.held_until !== null) return { type: "none" };
  if (row.state === "ENQUEUED") return start(connection, row.id, input);
  // Should its node be lost one day, `handOn` has the task looked at again.
  return (await isOwned(connection, row)) ? { type: "none" } : recover(connection, row, input.node);
}

async function takeOfGroup(connection: Connection, group: string, input: TakeInput): Promise<TakenTask> {
  await connection.lock([groupLock(group)]);
  const active = await activeOfGroup.first(connection, { group });
  if (active !== undefined && !(await isOwned(connection, active))) {
    return recover(connection, active, input.node);
  }
  const first = await firstOfGroup.first(connection, { group });
  if (first === undefined) return { type: "none" };
  if (active !== undefined || !mayRun(first, input.labels)) return { type: "later" };
  return start(connection, first.id, input);
}

async function start(connection: Connection, id: string, { node, now }: TakeInput): Promise<TakenTask> {
  const row = await startTask(connection, { id, node, now });
  const [claimed] = row === undefined ? [] : await toClaimed(connection, [row]);
  return claimed === undefined ? { type: "later" } : { type: "run", claimed };
}

/** By a node that lives. */
async function isOwned(connection: Connection, { node }: TaskRow): Promise<boolean> {
  if (node === null) return false;
  const now = (await connection.clock()).toISOString();
  return (await liveNode.first(connection, { id: node, now })) !== undefined;
}

async function recover(connection: Connection, row: TaskRow, node: string): Promise<TakenTask> {
  const deaths = await adoptTask(connection, { id: row.id, node });
  const [claimed] = await toClaimed(connection, [{ ...row, node }]);
  return claimed === undefined
    ? { type: "none" }
    : { type: "recover", claimed, loss: { deaths, node: row.node } };
}
