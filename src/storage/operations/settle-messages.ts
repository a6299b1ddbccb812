import { afterAttempt } from "../../domain/endpoint-state.ts";
import { prepare, type Connection } from "../connection.ts";
import type { SettledMessage, Store } from "../store.ts";
import { lockedEndpoint, putEndpoint } from "./endpoints.ts";
import { GONE } from "./post-messages.ts";

interface Settled {
  readonly id: string;
  readonly state: "waiting" | "delivered" | "dead";
  readonly dueAt: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly endedAt: string | null;
}

const settle = prepare((db, input: Settled & { node: string }) =>
  db
    .updateTable("messages")
    .set((eb) => ({
      state: input.state,
      attempts: eb("attempts", "+", 1),
      due_at: input.dueAt,
      leased_by: null,
      lease_until: null,
      status: input.status,
      error: input.error,
      ended_at: input.endedAt,
    }))
    .where("id", "=", input.id)
    .where("state", "=", "waiting")
    .where("leased_by", "=", input.node),
);

/** What has arrived has arrived, also when another server has leased it since. */
const settleDelivered = prepare((db, input: { id: string; status: number | null; at: string }) =>
  db
    .updateTable("messages")
    .set((eb) => ({
      state: "delivered",
      attempts: eb("attempts", "+", 1),
      leased_by: null,
      lease_until: null,
      status: input.status,
      error: null,
      ended_at: input.at,
    }))
    .where("id", "=", input.id)
    .where("state", "=", "waiting"),
);

const giveUpWaiting = prepare((db, input: { endpoint: string; error: string; at: string }) =>
  db
    .updateTable("messages")
    .set({ state: "dead", leased_by: null, lease_until: null, error: input.error, ended_at: input.at })
    .where("endpoint", "=", input.endpoint)
    .where("state", "=", "waiting"),
);

export async function settleMessages(
  connection: Connection,
  { node, results }: Parameters<Store["settleMessages"]>[0],
): Promise<void> {
  const byEndpoint = Map.groupBy(results, ({ endpoint }) => endpoint);
  for (const [endpoint, settled] of [...byEndpoint].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    let state = await lockedEndpoint(connection, endpoint);
    for (const each of settled) {
      state = afterAttempt(state, each.result);
      await settleOne(connection, node, each);
      if (each.result.goneUrl !== null) {
        await giveUpWaiting.run(connection, { endpoint, error: GONE, at: each.result.at });
      }
    }
    await putEndpoint(connection, endpoint, state);
  }
}

async function settleOne(
  connection: Connection,
  node: string,
  { id, result: { at, delivered, status, error }, dueAt }: SettledMessage,
): Promise<void> {
  if (delivered) {
    await settleDelivered.run(connection, { id, status, at });
    return;
  }
  const state = dueAt === null ? "dead" : "waiting";
  const endedAt = dueAt === null ? at : null;
  await settle.run(connection, { id, node, state, dueAt: dueAt ?? at, status, error, endedAt });
}

const releaseAll = prepare((db, _: object) =>
  db.updateTable("messages").set({ leased_by: null, lease_until: null }).where("state", "=", "waiting"),
);
const releaseOf = prepare((db, { node }: { node: string }) =>
  db
    .updateTable("messages")
    .set({ leased_by: null, lease_until: null })
    .where("state", "=", "waiting")
    .where("leased_by", "=", node),
);

export async function releaseMessages(
  connection: Connection,
  { node }: Parameters<Store["releaseMessages"]>[0],
): Promise<void> {
  await (node === null ? releaseAll.run(connection, {}) : releaseOf.run(connection, { node }));
}

const prune = prepare((db, input: { deliveredBefore: string; deadBefore: string }) =>
  db
    .deleteFrom("messages")
    .where((eb) =>
      eb.or([
        eb.and([eb("state", "in", ["delivered", "retried"]), eb("ended_at", "<", input.deliveredBefore)]),
        eb.and([eb("state", "=", "dead"), eb("ended_at", "<", input.deadBefore)]),
      ]),
    ),
);

export async function pruneMessages(
  connection: Connection,
  input: Parameters<Store["pruneMessages"]>[0],
): Promise<void> {
  await prune.run(connection, input);
}
