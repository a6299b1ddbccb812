import type { ForgeDeployment } from "../../domain/report.ts";
import { prepare, type Connection } from "../connection.ts";
import type { ForgeDeploymentsTable } from "../schema.ts";

const ofPlace = prepare((db, { place }: { place: string }) =>
  db.selectFrom("forge_deployments").selectAll().where("place", "=", place).orderBy("updated_at"),
);

const put = prepare((db, input: ForgeDeploymentsTable) =>
  db
    .insertInto("forge_deployments")
    .values({
      task_id: input.task_id,
      place: input.place,
      remote_id: input.remote_id,
      state: input.state,
      updated_at: input.updated_at,
    })
    .onConflict((conflict) =>
      conflict.columns(["task_id", "place"]).doUpdateSet((eb) => ({
        remote_id: eb.ref("excluded.remote_id"),
        state: eb.ref("excluded.state"),
        updated_at: eb.ref("excluded.updated_at"),
      })),
    ),
);

const removeOthers = prepare((db, input: { place: string; before: string }) =>
  db
    .deleteFrom("forge_deployments")
    .where("place", "=", input.place)
    .where("state", "in", ["failure", "error", "inactive"])
    .where("updated_at", "<", input.before),
);

const KEPT_MS = 90 * 86_400_000;

/** See ReportStore. */
export async function forgeDeployments(
  connection: Connection,
  place: string,
): Promise<readonly ForgeDeployment[]> {
  return (await ofPlace.all(connection, { place })).map((row) => ({
    taskId: row.task_id,
    place: row.place,
    remoteId: row.remote_id,
    state: row.state,
    at: row.updated_at,
  }));
}

/** Those of the same place that nothing follows any more go after 90 days. */
export async function putForgeDeployment(connection: Connection, deployment: ForgeDeployment): Promise<void> {
  const { taskId, place, remoteId, state, at } = deployment;
  await put.run(connection, { task_id: taskId, place, remote_id: remoteId, state, updated_at: at });
  const before = new Date(Date.parse(at) - KEPT_MS).toISOString();
  await removeOthers.run(connection, { place, before });
}
