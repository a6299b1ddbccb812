import type { Release } from "../../domain/release.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { ReleasesTable } from "../schema.ts";
import type { Store } from "../store.ts";

/** More than anybody keeps; what is left out is long gone from the disk. */
const LISTED = 500;

const put = prepare((db, input: Release) =>
  db
    .insertInto("releases")
    .values({
      app: input.app,
      node: input.node,
      id: input.id,
      dir: input.dir,
      commit_id: input.commit,
      task_id: input.taskId,
      action: input.action,
      step: input.step,
      state: input.state,
      created_at: input.createdAt,
      activated_at: input.activatedAt,
    })
    .onConflict((conflict) =>
      conflict.columns(["app", "node", "id"]).doUpdateSet((eb) => ({
        state: eb.ref("excluded.state"),
        activated_at: eb.ref("excluded.activated_at"),
      })),
    ),
);

export async function putRelease(connection: Connection, release: Release): Promise<void> {
  await put.run(connection, release);
}

export async function listReleases(
  connection: Connection,
  { app, node }: Parameters<Store["listReleases"]>[0],
): Promise<readonly Release[]> {
  let query = connection.builder.selectFrom("releases").selectAll().orderBy("seq", "desc").limit(LISTED);
  if (app !== undefined) query = query.where("app", "=", app);
  if (node !== undefined) query = query.where("node", "=", node);
  return (await rowsOf(connection, query)).map((row) => toRelease(row));
}

const toRelease = (row: Omit<ReleasesTable, "seq">): Release => ({
  app: row.app,
  node: row.node,
  id: row.id,
  dir: row.dir,
  commit: row.commit_id,
  taskId: row.task_id,
  action: row.action,
  step: row.step,
  state: row.state,
  createdAt: row.created_at,
  activatedAt: row.activated_at,
});
