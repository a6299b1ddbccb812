import { rowsOf, type Connection } from "../connection.ts";
import type { PruneBatch, PruneInput, Store } from "../store.ts";
import { hasBody } from "./conditions.ts";
import { prunable } from "./prunable.ts";

/**
 * Removes what is too old of one kind, the next batch by `seq`. Null when another server does so at this moment.
 * What is in use stays: see in-use.ts.
 */
export async function prune(connection: Connection, input: PruneInput): Promise<PruneBatch | null> {
  if (!(await connection.tryLock("prune"))) return null;
  const { pass, used, remove } = prunable[input.what];
  const passed = await pass(connection, input);
  const old = passed.filter((row) => Boolean(row.old));
  const ripe = old.filter((row) => Boolean(row.ripe));
  const inUse = await used(connection, ripe);
  const free = ripe.filter(({ id }) => !inUse.has(id));
  const done = input.dryRun || free.length === 0 || (await remove(connection, free));
  if (!done) return { removed: 0, bytes: 0, next: input.after };
  // Rows that are not old end the walk; a single one among old ones (a clock that was wrong once) does not.
  const goesOn = old.length > 0 && passed.length === input.limit;
  return {
    removed: free.length,
    bytes: free.reduce((sum, { bytes }) => sum + bytes, 0),
    next: goesOn ? (passed.at(-1)?.seq ?? null) : null,
  };
}

/** The newest bodies first, as long as there is room for them. */
export async function fitBodies(
  connection: Connection,
  { before, room, limit }: Parameters<Store["fitBodies"]>[0],
): ReturnType<Store["fitBodies"]> {
  const query = connection.builder
    .selectFrom("deliveries")
    .select(["seq", "body_size"])
    .where(hasBody)
    .where("seq", "<", before)
    .orderBy("seq", "desc")
    .limit(limit);
  const rows = await rowsOf(connection, query);
  let left = room;
  for (const { seq, body_size: size } of rows) {
    left -= size;
    if (left < 0) return { type: "beyond", upTo: seq };
  }
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return last === undefined ? { type: "fits" } : { type: "more", before: last.seq, room: left };
}

/** References that are looked at: those of tasks that wait for long come first, and are few. */
const REFERENCES = 1_000;

export async function freeBodies(connection: Connection): Promise<void> {
  const query = connection.builder
    .selectFrom("deliveries")
    .select("body_ref")
    .where(hasBody)
    .orderBy("seq")
    .limit(REFERENCES);
  const oldest = (await rowsOf(connection, query)).map((row) => row.body_ref);
  await connection.bodies.free({ oldest, complete: oldest.length < REFERENCES });
}
