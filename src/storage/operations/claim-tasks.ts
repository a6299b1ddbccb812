import { sql } from "kysely";
import { createBoundedMap } from "../../lib/bounded-map.ts";
import { prepare, type Connection } from "../connection.ts";
import type { ClaimedTask, Store } from "../store.ts";
import { isActive, isNextOfGroup, isReady, unindexed } from "./conditions.ts";
import { groupLock } from "./group-policy.ts";
import { tellOfTask } from "./notices.ts";
import { toTasks } from "./read-tasks.ts";
import { labelsOf, type TaskRow } from "./rows.ts";

/** The first task that may start of the next group in alphabetical order: a step from group to group, however many wait in each. */
const firstOfNextGroup = prepare((db, { after }: { after: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "seq", "group_name", "runs_on"])
    .where(isReady)
    .where("group_name", ">", after)
    .orderBy("group_name")
    .orderBy("seq")
    .limit(1),
);

const busyGroups = prepare((db, _: object) =>
  db.selectFrom("tasks").select("group_name").distinct().where(isActive).where("group_name", "is not", null),
);

const start = prepare((db, input: { id: string; node: string; now: string }) =>
  db
    .updateTable("tasks")
    .set({ state: "RUNNING", node: input.node, started_at: input.now, recoveries: 0 })
    .where("id", "=", input.id)
    .where(isReady)
    .where(isNextOfGroup)
    .returningAll(),
);

/** Makes a waiting task RUNNING, if it is next of its group. To be called under the group's lock. */
export async function startTask(
  connection: Connection,
  input: { readonly id: string; readonly node: string; readonly now: string },
): Promise<TaskRow | undefined> {
  const row = await start.first(connection, input);
  if (row !== undefined) await tellOfTask(connection, row, input.now);
  return row;
}

interface Candidate {
  readonly id: string;
  readonly seq: number;
  readonly group_name: string | null;
  readonly runs_on: string | null;
}

export async function claimTasks(
  connection: Connection,
  { node, labels, limit, now }: Parameters<Store["claimTasks"]>[0],
): Promise<readonly ClaimedTask[]> {
  const candidates = [
    ...(await groupCandidates(connection, labels)),
    ...(await withoutGroupOf(labels).all(connection, { limit })),
  ]
    .toSorted((a, b) => a.seq - b.seq)
    .slice(0, limit);
  await connection.lock(groupsOf(candidates));
  const rows: TaskRow[] = [];
  for (const { id } of candidates) {
    const row = await startTask(connection, { id, node, now });
    if (row !== undefined) rows.push(row);
  }
  return toClaimed(connection, rows);
}

const groupsOf = (candidates: readonly Candidate[]): string[] =>
  candidates.flatMap(({ group_name: group }) => (group === null ? [] : [groupLock(group)]));

/** The oldest waiting task of each group that nothing runs in; a group waits when its oldest is for other nodes. */
async function groupCandidates(connection: Connection, labels: readonly string[]): Promise<Candidate[]> {
  const busy = new Set((await busyGroups.all(connection, {})).map((row) => row.group_name));
  const candidates: Candidate[] = [];
  let next = await firstOfNextGroup.first(connection, { after: "" });
  while (next !== undefined) {
    if (!busy.has(next.group_name) && mayRun(next, labels)) candidates.push(next);
    next = await firstOfNextGroup.first(connection, { after: next.group_name ?? "" });
  }
  return candidates;
}

export function mayRun({ runs_on: runsOn }: Pick<Candidate, "runs_on">, labels: readonly string[]): boolean {
  return runsOn === null || labelsOf(runsOn).some((label) => labels.includes(label));
}

/** By the labels of a node: to build it takes longer than to run it. */
const withoutGroup = createBoundedMap<ReturnType<typeof withoutGroupFor>>(16);

function withoutGroupOf(labels: readonly string[]): ReturnType<typeof withoutGroupFor> {
  const key = JSON.stringify(labels);
  const query = withoutGroup.get(key) ?? withoutGroupFor(labels);
  withoutGroup.set(key, query);
  return query;
}

const withoutGroupFor = (labels: readonly string[]) =>
  prepare((db, { limit }: { limit: number }) =>
    db
      .selectFrom("tasks")
      .select(["id", "seq", "group_name", "runs_on"])
      .where(isReady)
      .where("group_name", "is", null)
      .where((eb) => eb.or([eb("runs_on", "is", null), ...labels.map(names)]))
      .orderBy("seq")
      .limit(limit),
  );

/** Whether a JSON list of labels has this one: what both databases have for it. */
const names = (label: string) => sql<boolean>`replace(runs_on, ${JSON.stringify(label)}, '') <> runs_on`;

export async function toClaimed(
  connection: Connection,
  rows: readonly TaskRow[],
): Promise<readonly ClaimedTask[]> {
  if (rows.length === 0) return [];
  const tasks = await toTasks(connection, rows);
  const digests = new Map(rows.map((row) => [row.id, row.settings_digest]));
  return tasks.map((task) => ({ task, settingsDigest: digests.get(task.id) ?? "" }));
}

const orphans = prepare((db, { node }: { node: string }) =>
  db
    .selectFrom("tasks")
    .selectAll()
    .where(isActive)
    .where((eb) => eb.or([eb("node", "is", null), eb("node", "!=", node)]))
    .orderBy(unindexed.seq),
);

export async function orphanedTasks(
  connection: Connection,
  input: Parameters<Store["orphanedTasks"]>[0],
): Promise<readonly ClaimedTask[]> {
  return toClaimed(connection, await orphans.all(connection, input));
}

const adopt = prepare((db, input: { id: string; node: string }) =>
  db
    .updateTable("tasks")
    .set((eb) => ({ node: input.node, recoveries: eb("recoveries", "+", 1) }))
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
