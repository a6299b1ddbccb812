import { z } from "zod";
import { prepare, type Connection } from "../connection.ts";
import type { NodesTable } from "../schema.ts";
import { NODE_ROLES, type HeldTask, type NodeInfo, type Store } from "../store.ts";
import { isActive } from "./conditions.ts";
import { labelsOf } from "./rows.ts";

/** How long a lost node is still shown. */
const SHOWN_MS = 24 * 60 * 60 * 1_000;

const put = prepare((db, input: NodesTable) =>
  db
    .insertInto("nodes")
    .values({
      id: input.id,
      name: input.name,
      labels: input.labels,
      roles: input.roles,
      pools: input.pools,
      version: input.version,
      started_at: input.started_at,
      seen_at: input.seen_at,
      lease_until: input.lease_until,
    })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet((eb) => ({
        pools: eb.ref("excluded.pools"),
        seen_at: eb.ref("excluded.seen_at"),
        lease_until: eb.ref("excluded.lease_until"),
      })),
    ),
);

const heldBy = prepare((db, { id }: { id: string }) =>
  db.selectFrom("tasks").select(["id", "state", "reason"]).where("node", "=", id).where(isActive),
);

export async function heartbeat(
  connection: Connection,
  { id, name, labels, roles, pools, version, leaseMs }: Parameters<Store["heartbeat"]>[0],
): Promise<readonly HeldTask[]> {
  const now = await connection.clock();
  await put.run(connection, {
    id,
    name,
    version,
    labels: JSON.stringify(labels),
    roles: JSON.stringify(roles),
    pools: JSON.stringify(pools),
    started_at: now.toISOString(),
    seen_at: now.toISOString(),
    lease_until: after(now, leaseMs),
  });
  return heldBy.all(connection, { id });
}

const after = (time: Date, ms: number): string => new Date(time.getTime() + ms).toISOString();

const nodeById = prepare((db, { id }: { id: string }) =>
  db.selectFrom("nodes").select("pools").where("id", "=", id),
);
const remove = prepare((db, { id }: { id: string }) => db.deleteFrom("nodes").where("id", "=", id));
const removeSeenBefore = prepare((db, { before }: { before: string }) =>
  db.deleteFrom("nodes").where("seen_at", "<", before),
);

export async function leaveNode(connection: Connection, id: string): Promise<void> {
  const row = await nodeById.first(connection, { id });
  if (row === undefined) return;
  await connection.jobs.release(labelsOf(row.pools));
  await remove.run(connection, { id });
}

const all = prepare((db, _: object) =>
  db
    .selectFrom("nodes")
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom("tasks")
        .select((inner) => inner.fn.countAll<number>().as("count"))
        .whereRef("tasks.node", "=", "nodes.id")
        .where(isActive)
        .as("tasks"),
    )
    .orderBy("started_at", "desc")
    .orderBy("id", "desc"),
);

const roles = z.array(z.enum(NODE_ROLES));

export async function listNodes(connection: Connection): Promise<readonly NodeInfo[]> {
  const now = (await connection.clock()).toISOString();
  return (await all.all(connection, {})).map((row) => ({
    id: row.id,
    name: row.name,
    labels: labelsOf(row.labels),
    roles: roles.parse(JSON.parse(row.roles)),
    version: row.version,
    startedAt: row.started_at,
    seenAt: row.seen_at,
    alive: row.lease_until > now,
    tasks: row.tasks ?? 0,
  }));
}

export async function handOn(
  connection: Connection,
  { leaseMs, pools, jobs }: Parameters<Store["handOn"]>[0],
): Promise<void> {
  const now = await connection.clock();
  await connection.jobs.handOn({ now: now.toISOString(), since: after(now, -leaseMs), pools, jobs });
  await removeSeenBefore.run(connection, { before: after(now, -SHOWN_MS) });
}
