import { sql } from "kysely";
import type { Delivery } from "../../domain/delivery.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { MissedDeliveriesTable } from "../schema.ts";
import type { MissedDelivery, RecoveryKey, RecoveryState, Store } from "../store.ts";

type Input<N extends keyof Store> = Parameters<Store[N]>[0];

/** How long it is remembered what was missed: longer than any sender keeps its deliveries. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

const put = prepare((db, { source, hook }: RecoveryKey) =>
  db
    .insertInto("recoveries")
    .values({ source, hook, found: 0, asked: 0 })
    .onConflict((conflict) => conflict.columns(["source", "hook"]).doNothing()),
);

const state = prepare((db, { source, hook }: RecoveryKey) =>
  db.selectFrom("recoveries").selectAll().where("source", "=", source).where("hook", "=", hook),
);

const liveNode = prepare((db, { id, now }: { id: string; now: string }) =>
  db.selectFrom("nodes").select("id").where("id", "=", id).where("lease_until", ">", now),
);

const begin = prepare((db, { source, hook, node, now }: RecoveryKey & { node: string; now: string }) =>
  db
    .updateTable("recoveries")
    .set({ node, started_at: now })
    .where("source", "=", source)
    .where("hook", "=", hook),
);

export async function beginRecovery(
  connection: Connection,
  { source, hook, node, now, startedBefore }: Input<"beginRecovery">,
): Promise<{ readonly since: string | null } | null> {
  await connection.lock([`recovery:${source}:${hook}`]);
  await put.run(connection, { source, hook });
  const row = await state.first(connection, { source, hook });
  if (row === undefined) return null;
  if (row.started_at !== null && row.started_at >= startedBefore) return null;
  if (row.node !== null && row.node !== node && (await isLive(connection, row.node))) return null;
  await begin.run(connection, { source, hook, node, now });
  return { since: row.since };
}

async function isLive(connection: Connection, id: string): Promise<boolean> {
  const now = (await connection.clock()).toISOString();
  return (await liveNode.first(connection, { id, now })) !== undefined;
}

export async function acceptedAmong(
  connection: Connection,
  { source, senderIds }: Input<"acceptedAmong">,
): Promise<readonly string[]> {
  if (senderIds.length === 0) return [];
  const { builder } = connection;
  const stored = builder
    .selectFrom("deliveries")
    .select("sender_id")
    .where("source", "=", source)
    .where("sender_id", "in", senderIds)
    .where("verdict", "=", "accepted");
  const arrived = builder
    .selectFrom("missed_deliveries")
    .select("sender_id")
    .where("source", "=", source)
    .where("sender_id", "in", senderIds)
    .where("came_in_at", "is not", null);
  const rows = [...(await rowsOf(connection, stored)), ...(await rowsOf(connection, arrived))];
  return [...new Set(rows.flatMap(({ sender_id: id }) => (id === null ? [] : [id])))];
}

const arrive = prepare((db, input: { source: string; senderId: string; now: string }) =>
  db
    .updateTable("missed_deliveries")
    .set({ came_in_at: input.now, next_at: null })
    .where("source", "=", input.source)
    .where("sender_id", "=", input.senderId)
    .where("came_in_at", "is", null),
);

/**
 * A delivery that only repeats an accepted one, perhaps one with another id: two webhooks of a sender may tell of the same
 * event in the same bytes. Nothing is stored under its own id, but it need not be asked for.
 */
export async function noteArrival(
  connection: Connection,
  { source, senderId, receivedAt: now }: Pick<Delivery, "source" | "senderId" | "receivedAt">,
): Promise<void> {
  if (senderId !== null) await arrive.run(connection, { source, senderId, now });
}

const setSince = prepare((db, { source, hook, since }: RecoveryKey & { since: string }) =>
  db.updateTable("recoveries").set({ since }).where("source", "=", source).where("hook", "=", hook),
);

type NewMissed = Omit<MissedDeliveriesTable, "attempts" | "error" | "came_in_at">;

const insertMissed = prepare((db, input: NewMissed) =>
  db
    .insertInto("missed_deliveries")
    .values({
      source: input.source,
      sender_id: input.sender_id,
      hook: input.hook,
      remote_id: input.remote_id,
      event: input.event,
      found_at: input.found_at,
      attempts: 0,
      next_at: input.next_at,
    })
    .onConflict((conflict) => conflict.columns(["source", "sender_id"]).doNothing()),
);

export async function noteMissed(
  connection: Connection,
  { source, hook, since, now, missed }: Input<"noteMissed">,
): Promise<void> {
  await setSince.run(connection, { source, hook, since });
  for (const { senderId, remoteId, event } of missed) {
    await insertMissed.run(connection, {
      source,
      hook,
      sender_id: senderId,
      remote_id: remoteId,
      event,
      found_at: now,
      next_at: now,
    });
  }
}

/** That a delivery of that id has been accepted meanwhile, and is still kept. */
const isAccepted = sql<boolean>`exists (
  select 1 from deliveries
  where deliveries.source = missed_deliveries.source
    and deliveries.sender_id = missed_deliveries.sender_id
    and deliveries.verdict = 'accepted'
)`;

const noteCameIn = prepare((db, { source, hook, now }: RecoveryKey & { now: string }) =>
  db
    .updateTable("missed_deliveries")
    .set({ came_in_at: now, next_at: null })
    .where("source", "=", source)
    .where("hook", "=", hook)
    .where("came_in_at", "is", null)
    .where(isAccepted),
);

const due = prepare((db, { source, hook, now, limit }: RecoveryKey & { now: string; limit: number }) =>
  db
    .selectFrom("missed_deliveries")
    .selectAll()
    .where("source", "=", source)
    .where("hook", "=", hook)
    .where("next_at", "<=", now)
    .where((eb) => eb.not(isAccepted))
    .orderBy("found_at")
    // Numbers, and those of senders ascend.
    .orderBy(sql`length(remote_id)`)
    .orderBy("remote_id")
    .limit(limit),
);

export async function dueMissed(
  connection: Connection,
  { source, hook, now, limit }: Input<"dueMissed">,
): Promise<readonly MissedDelivery[]> {
  const rows = await due.all(connection, { source, hook, now, limit });
  return rows.map((row) => ({
    senderId: row.sender_id,
    remoteId: row.remote_id,
    event: row.event,
    attempts: row.attempts,
  }));
}

const ask = prepare(
  (db, input: { source: string; senderId: string; attempts: number; nextAt: string | null }) =>
    db
      .updateTable("missed_deliveries")
      .set((eb) => ({ attempts: eb("attempts", "+", 1), next_at: input.nextAt, error: null }))
      .where("source", "=", input.source)
      .where("sender_id", "=", input.senderId)
      .where("attempts", "=", input.attempts),
);

export async function noteAsking(
  connection: Connection,
  { source, missed: { senderId, attempts }, nextAt }: Input<"noteAsking">,
): Promise<boolean> {
  return (await ask.run(connection, { source, senderId, attempts, nextAt })) === 1;
}

interface Refusal {
  readonly source: string;
  readonly senderId: string;
  readonly attempts: number;
  readonly nextAt: string | null;
  readonly error: string;
}

const refuse = prepare((db, input: Refusal) =>
  db
    .updateTable("missed_deliveries")
    .set({ attempts: input.attempts, next_at: input.nextAt, error: input.error })
    .where("source", "=", input.source)
    .where("sender_id", "=", input.senderId),
);

export async function noteRefusal(
  connection: Connection,
  { missed: { senderId, attempts }, ...rest }: Input<"noteRefusal">,
): Promise<void> {
  await refuse.run(connection, { ...rest, senderId, attempts });
}

const end = prepare((db, input: Input<"endRecovery">) =>
  db
    .updateTable("recoveries")
    .set({
      node: null,
      ended_at: input.now,
      found: input.found,
      asked: input.asked,
      error: input.error,
    })
    .where("source", "=", input.source)
    .where("hook", "=", input.hook)
    .where("node", "=", input.node),
);

const forget = prepare((db, { before }: { before: string }) =>
  db.deleteFrom("missed_deliveries").where("found_at", "<", before),
);

export async function endRecovery(connection: Connection, input: Input<"endRecovery">): Promise<void> {
  await noteCameIn.run(connection, input);
  await end.run(connection, input);
  await forget.run(connection, { before: new Date(Date.parse(input.now) - KEPT_MS).toISOString() });
}

const states = prepare((db, _: object) =>
  db.selectFrom("recoveries").selectAll().orderBy("source").orderBy("hook"),
);

const fates = prepare((db, _: object) =>
  db
    .selectFrom("missed_deliveries")
    .select(["source", "hook", "next_at", "came_in_at"])
    .select(sql<boolean | number>`${isAccepted}`.as("accepted")),
);

export async function recoveryStates(connection: Connection): Promise<readonly RecoveryState[]> {
  const missed = await fates.all(connection, {});
  return (await states.all(connection, {})).map((row) => {
    const own = missed.filter(({ source, hook }) => source === row.source && hook === row.hook);
    // SQLite has no booleans.
    const waiting = own.filter(
      ({ accepted, came_in_at: at }) => at === null && (accepted === false || accepted === 0),
    );
    const open = waiting.filter(({ next_at: next }) => next !== null).length;
    return {
      source: row.source,
      hook: row.hook,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      error: row.error,
      found: row.found,
      asked: row.asked,
      cameIn: own.length - waiting.length,
      open,
      givenUp: waiting.length - open,
    };
  });
}
