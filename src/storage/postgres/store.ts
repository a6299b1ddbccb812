import { setTimeout as delay } from "node:timers/promises";
import type { Kysely } from "kysely";
import pg from "pg";
import { AppError } from "../../domain/errors.ts";
import { MOVE_OF, moveRow, refuseArriving } from "../move/move-record.ts";
import { invoke, isRead, operations, type OperationName } from "../operations/registry.ts";
import type { Schema } from "../schema.ts";
import type { Store } from "../store.ts";
import type { Connection } from "../connection.ts";
import { locksOfDelivery, storeDelivery } from "../operations/deliveries.ts";
import { createBuilder, createPostgresConnection } from "./connection.ts";
import { isCollision, toAppError } from "./errors.ts";
import { gather } from "./gather.ts";
import { migrate } from "./migrate.ts";
import { createPool } from "./pool.ts";

/** How often a call is tried whose transaction collided with another one. */
const TRIES = 6;
const LONGEST_WAIT_MS = 20;

export interface PostgresStoreOptions {
  readonly url: string;
  /** Connections that are open at once. */
  readonly connections?: number;
  readonly onError?: (error: Error) => void;
}

/** The store on PostgreSQL, shared by any number of servers. Rejects AppError `store:too_new`, `store:moving`, `store:unavailable`. */
export async function createPostgresStore({
  url,
  connections = 10,
  onError = () => undefined,
}: PostgresStoreOptions): Promise<Store> {
  const pool = createPool({ url, max: connections, pipeline: true, onError });
  const builder = createBuilder();
  try {
    await useClient(pool, async (client) => {
      await migrate(client, pool);
      const { rows } = await client.query<Record<string, unknown>>(MOVE_OF.target);
      refuseArriving(moveRow.parse(rows[0]));
    });
  } catch (error) {
    await pool.end();
    throw toAppError(error);
  }
  const database = { pool, builder };
  return { ...storeOf(database), storeDelivery: gatherDeliveries(database), close: () => pool.end() };
}

interface Database {
  readonly pool: pg.Pool;
  readonly builder: Kysely<Schema>;
}

/** One method per operation, as the registry has them. */
function storeOf(database: Database): Omit<Store, "close"> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the registry has exactly these keys
  const names = Object.keys(operations) as OperationName[];
  const methods = names.map((name) => [name, (...args: unknown[]) => call(database, name, args)]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is the call of that name
  return Object.fromEntries(methods) as Omit<Store, "close">;
}

/** So many deliveries share a commit. */
const BUNDLE = 64;
/** While one bundle is being synced, the next one is written. */
const BUNDLES = 2;

/**
 * The engine tells its workers of each job by NOTIFY, and PostgreSQL lets only one transaction with a NOTIFY commit at a
 * time, its fsync included. So deliveries that come at once share one.
 */
function gatherDeliveries(database: Database): Store["storeDelivery"] {
  return gather({
    most: BUNDLE,
    atOnce: BUNDLES,
    namesOf: locksOfDelivery,
    // Whether it was stored all the same is not known then.
    hitsAll: (error) => error instanceof AppError && error.code === "store:unavailable",
    runOne: (input) => transact(database, inTransaction, (connection) => storeDelivery(connection, input)),
    runAll: (inputs) =>
      transact(database, inTransaction, async (connection) => {
        // All of them first and in one order, so that no two bundles wait for each other.
        await connection.lock(inputs.flatMap(locksOfDelivery));
        return allOf(inputs.map((input) => storeDelivery(connection, input)));
      }),
  });
}

/** Rejects only when none is under way any more: their transaction is about to be rolled back. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function call(database: Database, name: OperationName, args: readonly unknown[]): Promise<unknown> {
  const kind = isRead(name) ? inSnapshot : inTransaction;
  return transact(database, kind, (connection) => invoke(name, connection, args));
}

/** One transaction; tried again when it collides with another. */
async function transact<T>(
  { pool, builder }: Database,
  kind: typeof inTransaction,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await useClient(pool, (client) =>
        kind(client, () => work(createPostgresConnection(client, builder))),
      );
    } catch (error) {
      if (!isCollision(error) || tries === TRIES) throw toAppError(error);
      await delay(Math.random() * LONGEST_WAIT_MS);
    }
  }
}

/** A connection whose state is in doubt is closed, not used again. */
async function useClient<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    const result = await use(client);
    client.release();
    return result;
  } catch (error) {
    const sound =
      error instanceof AppError || (error instanceof pg.DatabaseError && !/^(08|57)/.test(error.code ?? ""));
    client.release(!sound);
    throw error;
  }
}

/** Many queries, one picture: a task and its steps belong to the same moment. */
const inSnapshot = <T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> =>
  within(client, "begin isolation level repeatable read read only", work);

const inTransaction = <T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> =>
  within(client, "begin", work);

async function within<T>(client: pg.ClientBase, begin: string, work: () => Promise<T>): Promise<T> {
  // Not waited for: the first query goes along with it.
  const [begun, result] = await Promise.allSettled([client.query(begin), work()]);
  if (begun.status === "rejected") throw begun.reason;
  if (result.status === "fulfilled") {
    await client.query("commit");
    return result.value;
  }
  await client.query("rollback").catch((error: unknown) => {
    throw result.reason instanceof AppError ? error : result.reason;
  });
  throw result.reason;
}
