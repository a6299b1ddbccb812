import { isBroken, type EndpointState } from "../../domain/endpoint-state.ts";
import type { Message } from "../../domain/message.ts";
import { prepare, rowsOf, type Connection } from "../connection.ts";
import type { ClaimedEndpoint, MessageClaim } from "../store.ts";
import { lockedEndpoint } from "./endpoints.ts";
import { toMessage } from "./read-messages.ts";

const someLeased = prepare((db, input: { endpoint: string; clock: string }) =>
  db
    .selectFrom("messages")
    .select("id")
    .where("endpoint", "=", input.endpoint)
    .where("state", "=", "waiting")
    .where("lease_until", ">", input.clock)
    .limit(1),
);

const due = prepare((db, input: { endpoint: string; now: string; clock: string; limit: number }) =>
  db
    .selectFrom("messages")
    .select("id")
    .where("endpoint", "=", input.endpoint)
    .where("state", "=", "waiting")
    .where("due_at", "<=", input.now)
    .where((eb) => eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", input.clock)]))
    .orderBy("due_at")
    .orderBy("seq")
    .limit(input.limit)
    .forUpdate()
    .skipLocked(),
);

/** Of each order key only the first that waits, whether it is leased, due, or neither. */
const dueInOrder = prepare((db, input: { endpoint: string; now: string; clock: string; limit: number }) =>
  db
    .selectFrom("messages as message")
    .select("id")
    .where("endpoint", "=", input.endpoint)
    .where("state", "=", "waiting")
    .where("due_at", "<=", input.now)
    .where((eb) => eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", input.clock)]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("messages as earlier")
            .select("earlier.id")
            .where("earlier.state", "=", "waiting")
            .whereRef("earlier.endpoint", "=", "message.endpoint")
            .whereRef("earlier.order_key", "=", "message.order_key")
            .whereRef("earlier.seq", "<", "message.seq"),
        ),
      ),
    )
    .orderBy("due_at")
    .orderBy("seq")
    .limit(input.limit)
    .forUpdate()
    .skipLocked(),
);

const firstWaiting = prepare((db, { endpoint }: { endpoint: string }) =>
  db
    .selectFrom("messages")
    .select(["id", "due_at"])
    .where("endpoint", "=", endpoint)
    .where("state", "=", "waiting")
    .orderBy("seq")
    .limit(1)
    .forUpdate(),
);

export async function claimMessages(
  connection: Connection,
  { node, now, leaseMs, endpoints }: MessageClaim,
): Promise<readonly Message[]> {
  const clock = await connection.clock();
  const times = { now, clock: clock.toISOString() };
  const ids: string[] = [];
  // In one order everywhere, so that no two transactions wait for each other.
  for (const endpoint of endpoints.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    ids.push(...(await claimable(connection, endpoint, times)));
  }
  if (ids.length === 0) return [];
  const until = new Date(clock.getTime() + leaseMs).toISOString();
  const rows = await rowsOf(
    connection,
    connection.builder
      .updateTable("messages")
      .set({ leased_by: node, lease_until: until })
      .where("id", "in", ids)
      .returningAll(),
  );
  return rows.toSorted((a, b) => a.seq - b.seq).map((row) => toMessage(row));
}

interface Times {
  readonly now: string;
  /** The database's. */
  readonly clock: string;
}

async function claimable(
  connection: Connection,
  { name: endpoint, urlDigest, limit, ordered, keyed }: ClaimedEndpoint,
  { now, clock }: Times,
): Promise<string[]> {
  const state = await lockedEndpoint(connection, endpoint);
  if (!takesMessages(state, { urlDigest, now })) return [];
  const one = ordered || isBroken(state);
  if (one && (await someLeased.first(connection, { endpoint, clock })) !== undefined) return [];
  if (!ordered) {
    const found = await (keyed ? dueInOrder : due).all(connection, {
      endpoint,
      now,
      clock,
      limit: one ? 1 : limit,
    });
    return found.map(({ id }) => id);
  }
  const first = await firstWaiting.first(connection, { endpoint });
  return first === undefined || first.due_at > now ? [] : [first.id];
}

const takesMessages = (
  { closedUntil, disabledUrl }: EndpointState,
  { urlDigest, now }: { readonly urlDigest: string; readonly now: string },
): boolean => disabledUrl !== urlDigest && (closedUntil === null || closedUntil <= now);
