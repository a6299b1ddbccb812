import pg from "pg";

/** Everything of ours lives in this schema, so that the database may be shared. */
export const SCHEMA = "hookwright";

const CONNECT_MS = 5_000;
/** A frozen or cut-off database must not hold a sender for longer than it waits. */
const STATEMENT_MS = 20_000;
const QUERY_MS = 25_000;
/** A process that freezes inside a transaction must not keep its locks from the others. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/** `bigint`, which the driver leaves a string: our sequences and sums stay far below 2^53. */
const INT8 = 20;

const types = new pg.TypeOverrides();
types.setTypeParser(INT8, Number);

export interface PoolOptions {
  readonly url: string;
  readonly max: number;
  /** Several queries of a transaction may be on their way at once. */
  readonly pipeline: boolean;
  /** Called when a connection that nobody uses breaks; it has been replaced already. */
  readonly onError: (error: Error) => void;
}

export function createPool({ url, max, pipeline, onError }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    pipeline,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: QUERY_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    application_name: "hookwright",
    options: `-c search_path=${SCHEMA}`,
    types,
  });
  // Without a listener it would end the process.
  pool.on("error", onError);
  // The pool listens to those that nobody uses; whoever uses one is told by its query.
  pool.on("connect", (client) => {
    client.on("error", () => undefined);
  });
  return pool;
}
