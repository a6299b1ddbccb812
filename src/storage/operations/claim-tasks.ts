import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { ClaimedTask, Store } from "../store.ts";
import { toTasks } from "./read-tasks.ts";
import type { TaskRow } from "./rows.ts";
import { isActive, isNextOfGroup, isWaiting } from "./conditions.ts";
import { groupLock } from "./new-tasks.ts";

/** The first waiting task of the next group in alphabetical order: a step from group to group, however many wait in each. */
const firstOfNextGroup = prepare((db, { after }: { after: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "seq", "group_name"])
    .where(isWaiting)
    .where("group_name", ">", after)
    .orderBy("group_name")
    .orderBy("seq")
    .limit(1),
);

const firstWithoutGroup = prepare((db, { limit }: { limit: number }) =>
  db
    .selectFrom("tasks")
    .select(["id", "seq"])
    .where(isWaiting)
    .where("group_name", "is", null)
    .orderBy("seq")
    .limit(limit),
);

const busyGroups = prepare((db, _: object) =>
  db.selectFrom("tasks").select("group_name").distinct().where(isActive).where("group_name", "is not", null),
);

const start = prepare((db, input: { id: string; node: string; leaseUntil: string; now: string }) =>
  db
    .updateTable("tasks")
    .set({ state: "RUNNING", node: input.node, lease_until: input.leaseUntil, started_at: input.now })
    .where("id", "=", input.id)
    .where("state", "=", "ENQUEUED")
    .where(isNextOfGroup)
    .returningAll(),
);

interface Candidate {
  readonly id: string;
  readonly seq: number;
  readonly group_name?: string | null;
}

export async function claimTasks(
  connection: Connection,
  { node, limit, now, leaseUntil }: Parameters<Store["claimTasks"]>[0],
): Promise<readonly ClaimedTask[]> {
  const candidates = [
    ...(await groupCandidates(connection)),
    ...(await firstWithoutGroup.all(connection, { limit })),
  ]
    .toSorted((a, b) => a.seq - b.seq)
    .slice(0, limit);
  await connection.lock(groupsOf(candidates));
  const rows: TaskRow[] = [];
  for (const { id } of candidates) {
    const row = await start.first(connection, { id, node, leaseUntil, now });
    if (row !== undefined) rows.push(row);
  }
  return claimed(connection, rows);
}

const groupsOf = (candidates: readonly Candidate[]): string[] =>
  candidates.flatMap(({ group_name: group }) => (typeof group === "string" ? [groupLock(group)] : []));

/** The oldest waiting task of each group that nothing runs in. */
async function groupCandidates(connection: Connection): Promise<Candidate[]> {
  const busy = new Set((await busyGroups.all(connection, {})).map((row) => row.group_name));
  const candidates: Candidate[] = [];
  let next = await firstOfNextGroup.first(connection, { after: "" });
  while (next !== undefined) {
    if (!busy.has(next.group_name)) candidates.push(next);
    next = await firstOfNextGroup.first(connection, { after: next.group_name ?? "" });
  }
  return candidates;
}

async function claimed(connection: Connection, rows: readonly TaskRow[]): Promise<readonly ClaimedTask[]> {
  if (rows.length === 0) return [];
  const tasks = await toTasks(connection, rows);
  const digests = new Map(rows.map((row) => [row.id, row.settings_digest]));
  return tasks.map((task) => ({ task, settingsDigest: digests.get(task.id) ?? "" }));
}

const renew = prepare((db, input: { node: string; leaseUntil: string }) =>
  db
    .updateTable("tasks")
    .set({ lease_until: input.leaseUntil })
    .where("node", "=", input.node)
    .where(isActive),
);

export async function renewLeases(
  connection: Connection,
  input: Parameters<Store["renewLeases"]>[0],
): Promise<void> {
  await renew.run(connection, input);
}

export async function orphanedTasks(
  connection: Connection,
  { node, now }: Parameters<Store["orphanedTasks"]>[0],
): Promise<readonly ClaimedTask[]> {
  let query = connection.builder
    .selectFrom("tasks")
    .selectAll()
    .where(isActive)
    .where((eb) => eb.or([eb("node", "is", null), eb("node", "!=", node)]))
    .orderBy("seq");
  if (now !== null) query = query.where("lease_until", "<", now);
  return claimed(connection, await rowsOf(connection, query));
}

const adopt = prepare((db, input: { id: string; node: string; leaseUntil: string }) =>
  db
    .updateTable("tasks")
    .set((eb) => ({
      node: input.node,
      lease_until: input.leaseUntil,
      recoveries: eb("recoveries", "+", 1),
    }))
    .where("id", "=", input.id)
    .where(isActive)
    .returning("recoveries"),
);

export async function adoptTask(
  connection: Connection,
  input: Parameters<Store["adoptTask"]>[0],
): Promise<number> {
  return (await adopt.first(connection, input))?.recoveries ?? 0;
}
