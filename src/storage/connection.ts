import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { Schema } from "./schema.ts";

export interface QueryOutcome {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

/** One transaction of one database, whichever it is. */
export interface Connection {
  /** Builds and compiles queries in the database's dialect; never executes them. */
  readonly builder: Kysely<Schema>;
  /** `prepared`: the same text comes again and again, so that keeping its plan pays. */
  execute(sql: string, parameters: readonly unknown[], prepared?: boolean): Promise<QueryOutcome>;
  /**
   * Keeps other transactions that ask for one of these names waiting until this one has ended. To be asked for once and
   * before any row is written, so that no two transactions wait for each other.
   */
  lock(names: readonly string[]): Promise<void>;
  /** The same for one name; false, at once, when another transaction has it. */
  tryLock(name: string): Promise<boolean>;
  readonly bodies: Bodies;
  readonly jobs: Jobs;
  /** The database's own time, which its servers share. */
  clock(): Promise<Date>;
}

/** What a queue engine beside the tables has to be told, in the transaction that it is about. The embedded one needs none. */
export interface Jobs {
  /** Has somebody look at the task: soon, or after `delayMs`. */
  add(task: JobTask, delayMs?: number): Promise<void>;
  /**
   * Frees what lost nodes hold of the engine, and what it holds for this node that the node does not know of (the answer
   * to a claim got lost); adds jobs for tasks that nobody would look at. `since`: what was taken later is not touched.
   */
  handOn(input: {
    readonly now: string;
    readonly since: string;
    readonly pools: readonly string[];
    readonly jobs: readonly string[];
  }): Promise<void>;
  /** Frees what a node holds that ends in good order. */
  release(pools: readonly string[]): Promise<void>;
}

export interface JobTask {
  readonly id: string;
  readonly group: string | null;
  readonly runsOn: readonly string[] | null;
}

/** Where the bytes of bodies go: not necessarily into the tables. */
export interface Bodies {
  /** Stores a body as durably as the transaction; resolves with the reference to keep. */
  put(body: Uint8Array): Promise<string>;
  get(ref: string): Promise<Uint8Array | null>;
  /** To be called with references that nobody holds any more. */
  remove(refs: readonly string[]): Promise<void>;
  /**
   * Frees what `remove` had to leave. `oldest`: the references that are still held, in the order of their deliveries;
   * `complete`: all of them.
   */
  free(held: { readonly oldest: readonly string[]; readonly complete: boolean }): Promise<void>;
}

/** Where a parameter of a prepared query goes. */
class Placeholder {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

const placeholders = new Proxy(
  {},
  { get: (_, key) => (typeof key === "string" ? new Placeholder(key) : undefined) },
);

/** A query that is compiled once for each dialect: building one costs more than SQLite takes to run it. */
export interface Query<I, R> {
  all(connection: Connection, input: I): Promise<readonly R[]>;
  first(connection: Connection, input: I): Promise<R | undefined>;
  /** For statements: the number of rows changed. */
  run(connection: Connection, input: I): Promise<number>;
}

/**
 * `build` is called once per dialect, with placeholders in the place of `input`'s members; it may hand them to
 * kysely as values and must not look at them.
 *
 * @example prepare((db, { id }: { id: string }) => db.selectFrom("tasks").selectAll().where("id", "=", id))
 */
export function prepare<I extends object, R>(
  build: (builder: Kysely<Schema>, input: I) => Compilable<R>,
): Query<I, R> {
  const compiled = new WeakMap<Kysely<Schema>, CompiledQuery<R>>();

  function compile(builder: Kysely<Schema>): CompiledQuery<R> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a placeholder stands for a value
    const query = build(builder, placeholders as I).compile();
    compiled.set(builder, query);
    return query;
  }

  async function execute(connection: Connection, input: I): Promise<QueryOutcome> {
    const { sql, parameters } = compiled.get(connection.builder) ?? compile(connection.builder);
    const bound = parameters.map((each) =>
      storable(each instanceof Placeholder ? Reflect.get(input, each.key) : each),
    );
    return connection.execute(sql, bound, true);
  }

  return {
    async all(connection, input) {
      return typed<R>((await execute(connection, input)).rows);
    },
    async first(connection, input) {
      return typed<R>((await execute(connection, input)).rows)[0];
    },
    async run(connection, input) {
      return (await execute(connection, input)).changes;
    },
  };
}

/** For queries whose shape depends on the input. */
export async function rowsOf<R>(connection: Connection, query: Compilable<R>): Promise<readonly R[]> {
  const { sql, parameters } = query.compile();
  return typed<R>((await connection.execute(sql, parameters.map(storable))).rows);
}

/**
 * PostgreSQL takes neither NUL nor half a surrogate pair in a text; each becomes U+FFFD, in every database alike.
 * In JSON both are escaped, and kept.
 */
function storable(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
  return text.toWellFormed();
}

/** Our own tables, read by a query whose row type kysely has worked out. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters -- checking each row would cost more than reading it
const typed = <R>(rows: readonly unknown[]): readonly R[] => rows as readonly R[];
