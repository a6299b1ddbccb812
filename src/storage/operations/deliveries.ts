import { createHash } from "node:crypto";
import type { Delivery, Verdict } from "../../domain/delivery.ts";
import type { SourceKindName } from "../../domain/event.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { DeliveryFilter, NewDelivery, Page, StartedTask, StoredDelivery } from "../store.ts";
import { isRejected } from "./conditions.ts";
import { insertAuditOfTask } from "./audit.ts";
import { insertNewDeploy } from "./deploys.ts";
import { insertHealthEntry, locksOfHealth } from "./health.ts";
import { insertWithPolicy, locksOf } from "./new-tasks.ts";
import { tellOfDelivery } from "./notices.ts";
import { noteArrival } from "./recovery.ts";
import { beforeCursor, pageOf } from "./page.ts";
import { toDelivery, toStarted } from "./rows.ts";

const bySenderId = prepare((db, input: { source: string; senderId: string }) =>
  db
    .selectFrom("deliveries")
    .select(["id", "verdict", "reason"])
    .where("source", "=", input.source)
    .where("sender_id", "=", input.senderId),
);

const byFingerprint = prepare((db, input: { source: string; fingerprint: string; since: string }) =>
  db
    .selectFrom("deliveries")
    .select(["id", "verdict", "reason"])
    .where("source", "=", input.source)
    .where("fingerprint", "=", input.fingerprint)
    .where("received_at", ">=", input.since)
    .orderBy("seq", "desc")
    .limit(1),
);

interface DeliveryInsert {
  readonly id: string;
  readonly source: string;
  readonly kind: SourceKindName;
  readonly senderId: string | null;
  readonly fingerprint: string | null;
  readonly event: string;
  readonly headers: string;
  readonly contentType: string | null;
  readonly bodySize: number;
  readonly bodyRef: string;
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly replayOf: string | null;
  readonly receivedAt: string;
  readonly remoteAddress: string | null;
}

const insertDelivery = prepare((db, input: DeliveryInsert) =>
  db.insertInto("deliveries").values({
    id: input.id,
    source: input.source,
    kind: input.kind,
    sender_id: input.senderId,
    fingerprint: input.fingerprint,
    event: input.event,
    headers: input.headers,
    content_type: input.contentType,
    body_size: input.bodySize,
    body_ref: input.bodyRef,
    verdict: input.verdict,
    reason: input.reason,
    replay_of: input.replayOf,
    received_at: input.receivedAt,
    remote_address: input.remoteAddress,
  }),
);

const tasksByDelivery = prepare((db, { deliveryId }: { deliveryId: string }) =>
  db
    .selectFrom("tasks")
    .select(["id", "action", "state", "outcome", "hold"])
    .where("delivery_id", "=", deliveryId)
    .where("parent_id", "is", null)
    .orderBy("seq"),
);

const deliveryById = prepare((db, { id }: { id: string }) =>
  db.selectFrom("deliveries").selectAll().where("id", "=", id),
);

const bodyRefById = prepare((db, { id }: { id: string }) =>
  db.selectFrom("deliveries").select("body_ref").where("id", "=", id),
);

export async function storeDelivery(connection: Connection, given: NewDelivery): Promise<StoredDelivery> {
  const input = indexable(given);
  await connection.lock(locksOfDelivery(input));
  const first = await findEarlier(connection, input);
  if (first !== undefined && !makesGood(input, first)) {
    if (first.verdict === "accepted") await noteArrival(connection, input.delivery);
    return answerAsFirst(connection, first);
  }
  if (first !== undefined) await forgetId.run(connection, { id: first.id });
  if (input.health) await insertHealthEntry(connection, input.health);
  if (input.deploy) await insertNewDeploy(connection, input.deploy, input.delivery.id);
  await insert(connection, input);
  const tasks: StartedTask[] = [];
  const superseded: string[] = [];
  for (const task of input.tasks) {
    const inserted = await insertWithPolicy(connection, task);
    tasks.push(inserted.task);
    superseded.push(...inserted.superseded);
  }
  const { audit = null } = input;
  // Handed over together, so that a database elsewhere is waited for once.
  if (audit !== null) await Promise.all(tasks.map((task) => insertAuditOfTask(connection, audit, task)));
  const { id, verdict, reason, receivedAt } = input.delivery;
  if (input.notify === true && verdict === "rejected") await tellOfDelivery(connection, id, receivedAt);
  return { deliveryId: id, duplicate: false, verdict, reason, tasks, superseded };
}

/** The first one could not be used, and this one can: a redelivery after the settings were put right. */
const makesGood = ({ delivery }: NewDelivery, first: Earlier): boolean =>
  first.verdict === "rejected" && delivery.verdict === "accepted";

/** From now on the id stands for another delivery. */
const forgetId = prepare((db, { id }: { id: string }) =>
  db.updateTable("deliveries").set({ sender_id: null, fingerprint: null }).where("id", "=", id),
);

/** PostgreSQL indexes no text that is much longer; what stands for such an id is as unique as the id. */
const LONGEST_INDEXED = 1_000;

function indexable(input: NewDelivery): NewDelivery {
  const { senderId } = input.delivery;
  if (senderId === null || senderId.length <= LONGEST_INDEXED) return input;
  const digest = createHash("sha256").update(senderId).digest("hex");
  return { ...input, delivery: { ...input.delivery, senderId: `sha256:${digest}` } };
}

/** What must not be decided twice at the same time: whether it has come before, what its tasks' groups hold. */
export function locksOfDelivery({ delivery, fingerprint, tasks, health, deploy }: NewDelivery): string[] {
  const { source, senderId } = delivery;
  return [
    ...(senderId === null ? [] : [`sender:${source}:${senderId}`]),
    ...(fingerprint === null ? [] : [`fingerprint:${source}:${fingerprint}`]),
    ...tasks.flatMap(locksOf),
    ...(health ? locksOfHealth(health) : []),
    // Entries have to be seen in the order of their numbers: a follower goes on behind the last it has seen.
    ...(deploy ? ["deploys"] : []),
  ];
}

type Earlier = Pick<Delivery, "id" | "verdict" | "reason">;

/** The same delivery id for as long as its delivery is kept, the same signed bytes within a window. */
async function findEarlier(
  connection: Connection,
  { delivery: { source, senderId }, fingerprint, fingerprintsSince: since }: NewDelivery,
): Promise<Earlier | undefined> {
  const same = senderId === null ? undefined : await bySenderId.first(connection, { source, senderId });
  if (same !== undefined || fingerprint === null) return same;
  return byFingerprint.first(connection, { source, fingerprint, since });
}

async function answerAsFirst(
  connection: Connection,
  { id, verdict, reason }: Earlier,
): Promise<StoredDelivery> {
  const tasks = await tasksOfDelivery(connection, id);
  return { deliveryId: id, duplicate: true, verdict, reason, tasks, superseded: [] };
}

async function insert(connection: Connection, { delivery, body, fingerprint }: NewDelivery): Promise<void> {
  const bodyRef = await connection.bodies.put(body);
  const headers = JSON.stringify(delivery.headers);
  await insertDelivery.run(connection, { ...delivery, headers, fingerprint, bodyRef });
}

export async function getDelivery(connection: Connection, id: string): Promise<Delivery | null> {
  const row = await deliveryById.first(connection, { id });
  return row === undefined ? null : toDelivery(row);
}

/** Bytes, not a Buffer: it may come from another thread. The client of the store makes it one. */
export async function getDeliveryBody(connection: Connection, id: string): Promise<Uint8Array | null> {
  const row = await bodyRefById.first(connection, { id });
  return row === undefined || row.body_ref === "" ? null : connection.bodies.get(row.body_ref);
}

export async function tasksOfDelivery(
  connection: Connection,
  deliveryId: string,
): Promise<readonly StartedTask[]> {
  return (await tasksByDelivery.all(connection, { deliveryId })).map((row) => toStarted(row));
}

export async function listDeliveries(
  connection: Connection,
  { source, verdict, event, cursor, limit }: DeliveryFilter,
): Promise<Page<Delivery>> {
  let query = connection.builder
    .selectFrom("deliveries")
    .selectAll()
    .where("seq", "<", beforeCursor(cursor))
    .orderBy("seq", "desc")
    .limit(limit + 1);
  if (source !== undefined) query = query.where("source", "=", source);
  if (verdict !== undefined) query = query.where("verdict", "=", verdict);
  if (verdict === "rejected") query = query.where(isRejected);
  if (event !== undefined) query = query.where("event", "=", event);
  return pageOf(await rowsOf(connection, query), limit, toDelivery);
}
