import { createHash } from "node:crypto";
import { sql } from "kysely";
import { z } from "zod";
import { codeOfStep, type DeployEntry, type DeployStatus, type NewDeploy } from "../../domain/deploy.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { Store } from "../store.ts";

const insertDeploy = prepare((db, input: Omit<NewDeploy, "ignored"> & { deliveryId: string; open: number }) =>
  db.insertInto("deploys").values({
    id: input.id,
    user_name: input.user,
    app: input.app,
    uuid: input.uuid,
    provider: input.provider,
    commit_ref: input.commit,
    delivery_id: input.deliveryId,
    open: input.open,
    created_at: input.createdAt,
  }),
);

interface EntryInsert {
  readonly id: string;
  readonly deployId: string;
  readonly status: DeployStatus;
  readonly app: string;
  readonly error: string | null;
  readonly reason: string | null;
  readonly createdAt: string;
}

const insertEntry = prepare((db, input: EntryInsert) =>
  db.insertInto("deploy_entries").values({
    id: input.id,
    deploy_id: input.deployId,
    status: input.status,
    app: input.app,
    error: input.error,
    reason: input.reason,
    created_at: input.createdAt,
  }),
);

/** As the older server's: 32 hex digits. The same for the same change, so that it is told once. */
const entryId = (deployId: string, status: DeployStatus): string =>
  createHash("sha256").update(`${deployId}/${status}`).digest("hex").slice(0, 32);

export async function insertNewDeploy(
  connection: Connection,
  deploy: NewDeploy,
  deliveryId: string,
): Promise<void> {
  const { ignored, ...rest } = deploy;
  await insertDeploy.run(connection, { ...rest, deliveryId, open: ignored ? 0 : 1 });
  await addEntry(connection, rest, { status: ignored ? "ignored" : "pending", error: null, reason: null });
}

async function addEntry(
  connection: Connection,
  { id, app, createdAt }: Pick<NewDeploy, "id" | "app" | "createdAt">,
  { status, error, reason }: Pick<EntryInsert, "status" | "error" | "reason">,
): Promise<void> {
  const entry = { deployId: id, id: entryId(id, status), status, app, error, reason, createdAt };
  await insertEntry.run(connection, entry);
}

/** Word for word the condition of the index. */
const isOpen = sql<boolean>`open = 1`;

const openDeploys = prepare((db, { limit }: { limit: number }) =>
  db.selectFrom("deploys").selectAll().where(isOpen).orderBy("delivery_id").limit(limit),
);
const tasksOf = prepare((db, { deliveryId }: { deliveryId: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "state", "outcome", "reason"])
    .where("delivery_id", "=", deliveryId)
    .where("parent_id", "is", null)
    .orderBy("seq"),
);
const stepsOf = prepare((db, { taskId }: { taskId: string }) =>
  db
    .selectFrom("steps")
    .select(["kind", "state", "outputs"])
    .where("task_id", "=", taskId)
    .where("phase", "=", "run")
    .orderBy("idx"),
);
const close = prepare((db, { id }: { id: string }) =>
  db.updateTable("deploys").set({ open: 0 }).where("id", "=", id).where(isOpen),
);

const OPEN_AT_ONCE = 200;
const ENDED: ReadonlySet<string> = new Set(["COMPLETED", "CANCELLED", "FAILED_CANCELLING"]);
const outputsSchema = z.record(z.string(), z.string());

/** See Store.settleDeploys. */
export async function settleDeploys(
  connection: Connection,
  { now }: Parameters<Store["settleDeploys"]>[0],
): Promise<number> {
  const rows = await openDeploys.all(connection, { limit: OPEN_AT_ONCE });
  if (rows.length === 0) return 0;
  await connection.lock(["deploys"]);
  let settled = 0;
  for (const { id, app, delivery_id: deliveryId } of rows) {
    const tasks = await tasksOf.all(connection, { deliveryId });
    if (tasks.some(({ state }) => !ENDED.has(state))) continue;
    // Somebody else may have been here since.
    if ((await close.run(connection, { id })) === 0) continue;
    const failed = tasks.find(({ outcome }) => outcome !== "succeeded");
    const facts = await factsOf(
      connection,
      tasks.map((task) => task.id),
    );
    const entry = { id, app: facts.name ?? app, createdAt: now };
    await addEntry(
      connection,
      entry,
      failed === undefined
        ? { status: "ok", error: null, reason: null }
        : { status: "error", error: facts.error ?? "deploy:nodejitsu:start_app", reason: failed.reason },
    );
    settled += 1;
  }
  return settled;
}

interface Facts {
  /** Of the package.json. */
  readonly name: string | null;
  readonly error: string | null;
}

async function factsOf(connection: Connection, tasks: readonly string[]): Promise<Facts> {
  let packageName: string | null = null;
  let failure: string | null = null;
  for (const taskId of tasks) {
    for (const { kind, state, outputs: text } of await stepsOf.all(connection, { taskId })) {
      const outputs = outputsSchema.parse(JSON.parse(text));
      const { name, error } = outputs;
      if (kind === "tarball" && name !== undefined && name !== "") packageName = name;
      if (state === "failed") failure = codeOfStep(kind, error);
    }
  }
  return { name: packageName, error: failure };
}

export async function listDeployEntries(
  connection: Connection,
  {
    user,
    app,
    apps,
    id,
    deliveryId,
    repository,
    ignored,
    after,
    order,
    limit,
    skip = 0,
  }: Parameters<Store["listDeployEntries"]>[0],
): Promise<readonly DeployEntry[]> {
  let query = connection.builder
    .selectFrom("deploy_entries")
    .innerJoin("deploys", "deploys.id", "deploy_entries.deploy_id")
    .select(["seq", "deploy_entries.id as id", "deploy_id", "status", "error", "reason"])
    .select([
      "deploy_entries.app as app",
      "deploy_entries.created_at as created_at",
      "deploys.app as deploy_app",
    ])
    .select(["user_name", "uuid", "provider", "commit_ref", "delivery_id"])
    .orderBy("seq", order)
    .limit(limit)
    .offset(skip);
  if (user !== undefined) query = query.where("user_name", "=", user);
  if (app !== undefined) {
    query = query.where((eb) => eb.or([eb("deploy_entries.app", "=", app), eb("deploys.app", "=", app)]));
  }
  if (apps !== undefined) query = query.where("deploys.app", "in", apps);
  if (id !== undefined) query = query.where("deploy_entries.id", "=", id);
  if (deliveryId !== undefined) query = query.where("delivery_id", "=", deliveryId);
  if (ignored === false) query = query.where("status", "!=", "ignored");
  if (after !== undefined) query = query.where("seq", ">", after);
  if (repository !== undefined) {
    query = query.where(sql<boolean>`substr(commit_ref, 1, ${repository.length + 1}) = ${`${repository}/`}`);
  }
  return (await rowsOf(connection, query)).map((row) => ({
    seq: row.seq,
    id: row.id,
    deployId: row.deploy_id,
    user: row.user_name,
    app: row.app,
    deployApp: row.deploy_app,
    uuid: row.uuid,
    status: row.status,
    error: row.error,
    reason: row.reason,
    provider: row.provider,
    commit: row.commit_ref,
    deliveryId: row.delivery_id,
    createdAt: row.created_at,
  }));
}
