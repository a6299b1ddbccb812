import { isEnded } from "../../domain/task-machine.ts";
import { prepare, type Connection } from "../connection.ts";
import type { Store, TakenTask } from "../store.ts";
import { adoptTask, startTask, toClaimed } from "./claim-tasks.ts";
import { groupLock } from "./new-tasks.ts";
import { lockedTask } from "./read-tasks.ts";
import { toJob, type TaskRow } from "./rows.ts";

/** How long a task that is not next of its group is left alone. The engine seldom hands one out too early. */
const LATER_MS = 2_000;

const groupOf = prepare((db, { id }: { id: string }) =>
  db.selectFrom("tasks").select("group_name").where("id", "=", id),
);

const liveNode = prepare((db, input: { id: string; now: string }) =>
  db.selectFrom("nodes").select("id").where("id", "=", input.id).where("lease_until", ">", input.now),
);

/** See Store.takeTask. */
export async function takeTask(
  connection: Connection,
  { id, node, now }: Parameters<Store["takeTask"]>[0],
): Promise<TakenTask> {
  const group = (await groupOf.first(connection, { id }))?.group_name ?? null;
  if (group !== null) await connection.lock([groupLock(group)]);
  const row = await lockedTask.first(connection, { id });
  if (row === undefined || isEnded(row.state)) return { type: "none" };
  if (row.state === "ENQUEUED") return takeWaiting(connection, row, { node, now });
  return (await isOwned(connection, row)) ? { type: "none" } : recover(connection, row, node);
}

async function takeWaiting(
  connection: Connection,
  row: TaskRow,
  { node, now }: { readonly node: string; readonly now: string },
): Promise<TakenTask> {
  const started = await startTask(connection, { id: row.id, node, now });
  const [claimed] = started === undefined ? [] : await toClaimed(connection, [started]);
  if (claimed !== undefined) return { type: "run", claimed };
  await connection.jobs.add(toJob(row), LATER_MS);
  return { type: "later" };
}

/** By a node that lives; should that one be lost one day, `handOn` has the task looked at again. */
async function isOwned(connection: Connection, { node }: TaskRow): Promise<boolean> {
  if (node === null) return false;
  const now = (await connection.clock()).toISOString();
  return (await liveNode.first(connection, { id: node, now })) !== undefined;
}

async function recover(connection: Connection, row: TaskRow, node: string): Promise<TakenTask> {
  const deaths = await adoptTask(connection, { id: row.id, node });
  const [claimed] = await toClaimed(connection, [{ ...row, node }]);
  return claimed === undefined ? { type: "none" } : { type: "recover", claimed, deaths };
}
