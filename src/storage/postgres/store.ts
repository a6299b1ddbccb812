import { setTimeout as delay } from "node:timers/promises";
import type { Kysely } from "kysely";
import pg from "pg";
import { AppError } from "../../domain/errors.ts";
import { isRead, operations, type OperationName } from "../operations/registry.ts";
import type { Schema } from "../schema.ts";
import type { Store } from "../store.ts";
import { createBuilder, createPostgresConnection } from "./connection.ts";
import { isCollision, toAppError } from "./errors.ts";
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

/** The store on PostgreSQL, shared by any number of servers. Rejects AppError `store:too_new`, `store:unavailable`. */
export async function createPostgresStore({
  url,
  connections = 10,
  onError = () => undefined,
}: PostgresStoreOptions): Promise<Store> {
  const pool = createPool({ url, max: connections, pipeline: true, onError });
  const builder = createBuilder();
  try {
    await useClient(pool, (client) => migrate(client, pool));
  } catch (error) {
    await pool.end();
    throw toAppError(error);
  }
  return { ...storeOf({ pool, builder }), close: () => pool.end() };
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

async function call(database: Database, name: OperationName, args: readonly unknown[]): Promise<unknown> {
  const run = isRead(name) ? inSnapshot : inTransaction;
  for (let tries = 1; ; tries += 1) {
    try {
      return await useClient(database.pool, (client) =>
        run(client, () => invoke(name, createPostgresConnection(client, database.builder), args)),
      );
    } catch (error) {
      if (!isCollision(error) || tries === TRIES) throw toAppError(error);
      await delay(Math.random() * LONGEST_WAIT_MS);
    }
  }
}

function invoke(
  name: OperationName,
  connection: ReturnType<typeof createPostgresConnection>,
  args: readonly unknown[],
): Promise<unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked by the compiler where the call was made
  const operation = operations[name] as (...all: readonly unknown[]) => Promise<unknown>;
  return operation(connection, ...args);
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
