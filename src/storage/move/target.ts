import type pg from "pg";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { toJob } from "../operations/rows.ts";
import { createJobs } from "../postgres/jobs.ts";
import { migrate } from "../postgres/migrate.ts";
import { createPool, SCHEMA } from "../postgres/pool.ts";
import { toAppError } from "../postgres/errors.ts";
import { MOVE_OF, type MoveRow, moveRow } from "./move-record.ts";
import { createRowDigest, type Row, type TableDigest } from "./row-digest.ts";

/** How far a move has come. */
export const placeSchema = z.object({ table: z.string(), after: z.number() });
export type Place = z.output<typeof placeSchema>;

export interface TargetBatch {
  readonly table: string;
  readonly rows: readonly Row[];
  /** Of each row's body; null where a row has none. */
  readonly bodies: readonly (Uint8Array | null)[];
  /** Stored with them. */
  readonly place: Place;
}

/** The PostgreSQL database that a move ends with. Its calls reject `store:unavailable`. */
export interface MoveTarget {
  /** What it says of a move; undefined also where it has no tables yet. */
  move(): Promise<MoveRow>;
  /** Of our tables: how many rows each holds, where it holds any. */
  contents(): Promise<Readonly<Record<string, number>>>;
  /** Makes the tables. Rejects `store:too_new`. */
  prepare(): Promise<void>;
  begin(id: string, peer: string): Promise<void>;
  /** Removes what a move that was given up has left. */
  clear(): Promise<void>;
  insert(batch: TargetBatch): Promise<void>;
  /** Numbers go on above these. */
  raiseSequences(sequences: Readonly<Record<string, number>>): Promise<void>;
  digest(table: string, onRows: (rows: number) => void): Promise<TableDigest>;
  /** Has every task looked at that waits, or that was running, and lets servers work; resolves with how many there are. */
  finish(): Promise<number>;
  close(): Promise<void>;
}

const FETCHED = 1_000;

export function openTarget(url: string): MoveTarget {
  const pool = createPool({ url, max: 2, pipeline: false, onError: () => undefined });

  /** A connection on which something failed is closed, not used again. */
  async function use<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    try {
      const client = await pool.connect();
      try {
        const result = await work(client);
        client.release();
        return result;
      } catch (error) {
        client.release(true);
        throw error;
      }
    } catch (error) {
      throw toAppError(error);
    }
  }

  const within = <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
    use(async (client) => {
      await client.query("begin");
      try {
        const result = await work(client);
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch(() => undefined);
        throw error;
      }
    });

  return {
    move: () => use(readMove),
    contents: () => use(readContents),
    prepare: () => use((client) => migrate(client, pool)),
    begin: (id, peer) =>
      within(async (client) => {
        await client.query(
          `insert into moves (role, id, state, peer, progress, started_at) values ('target', $1, 'under_way', $2, '{}', $3)`,
          [id, peer, new Date().toISOString()],
        );
      }),
    clear: () =>
      within(async (client) => {
        const tables = [...(await tablesOf(client)), "bodies"];
        await client.query(`truncate ${tables.join(", ")} restart identity`);
      }),
    insert: (batch) => within((client) => insertBatch(client, batch)),
    raiseSequences: (sequences) =>
      use(async (client) => {
        for (const [table, value] of Object.entries(sequences)) {
          await client.query("select setval(pg_get_serial_sequence($1, 'seq'), $2)", [
            `${SCHEMA}.${table}`,
            value,
          ]);
        }
      }),
    digest: (table, onRows) => within((client) => digestOf(client, table, onRows)),
    finish: () => within(finish),
    close: () => pool.end(),
  };
}

async function readMove(client: pg.ClientBase): Promise<MoveRow> {
  if (!(await tablesOf(client)).includes("moves")) return undefined;
  const { rows } = await client.query<Row>(MOVE_OF.target);
  return moveRow.parse(rows[0]);
}

const nameRows = z.array(z.object({ name: z.string() }));
const countRow = z.object({ count: z.number() });

/** Ours but those that say of what version the tables are, and hold bodies by themselves. */
async function tablesOf(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query(
    `select table_name as name from information_schema.tables
     where table_schema = $1 and table_name not in ('schema_version', 'bodies') order by table_name`,
    [SCHEMA],
  );
  return nameRows.parse(rows).map(({ name }) => name);
}

async function readContents(client: pg.ClientBase): Promise<Record<string, number>> {
  const counts: [string, number][] = [];
  for (const table of await tablesOf(client)) {
    const { rows } = await client.query(`select count(*) as count from ${table}`);
    const { count } = countRow.parse(rows[0]);
    if (count > 0 && table !== "moves") counts.push([table, count]);
  }
  return Object.fromEntries(counts);
}

async function insertBatch(
  client: pg.ClientBase,
  { table, rows, bodies, place }: TargetBatch,
): Promise<void> {
  const refs = await insertBodies(client, bodies);
  const placed = refs.length === 0 ? rows : rows.map((row, index) => ({ ...row, body_ref: refs[index] }));
  const columns = Object.keys(rows[0] ?? {})
    .map((name) => `"${name}"`)
    .join(", ");
  await client.query(
    `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1::json)`,
    [JSON.stringify(placed)],
  );
  await client.query("update moves set progress = $1 where role = 'target'", [JSON.stringify(place)]);
}

/** Resolves with the reference of each; empty for those that there are none of. */
async function insertBodies(
  client: pg.ClientBase,
  bodies: readonly (Uint8Array | null)[],
): Promise<readonly string[]> {
  const bytes = bodies.filter((body) => body !== null).map((body) => Buffer.from(body));
  const { rows } = await client.query(
    `select nextval(pg_get_serial_sequence('${SCHEMA}.bodies', 'id')) as id from generate_series(1, $1)`,
    [bytes.length],
  );
  const ids = z.array(z.object({ id: z.number() })).parse(rows);
  await client.query(
    `insert into bodies (id, bytes) overriding system value select * from unnest($1::bigint[], $2::bytea[])`,
    [ids.map(({ id }) => id), bytes],
  );
  const left = ids.map(({ id }) => String(id));
  return bodies.map((body) => (body === null ? "" : (left.shift() ?? "")));
}

const rowSchema = z.record(z.string(), z.unknown());

/** As the source's: with the digest of a body in place of its reference. */
async function digestOf(
  client: pg.ClientBase,
  table: string,
  onRows: (rows: number) => void,
): Promise<TableDigest> {
  const digest = createRowDigest();
  const query =
    table === "deliveries"
      ? `select deliveries.*, encode(sha256(bodies.bytes), 'hex') as body from deliveries
         left join bodies on bodies.id = nullif(deliveries.body_ref, '')::bigint`
      : `select * from ${table}`;
  await client.query(`declare all_rows no scroll cursor for ${query}`);
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${FETCHED} from all_rows`);
    if (rows.length === 0) return digest.result();
    for (const each of rows) {
      const { body_ref: _ref, ...row } = rowSchema.parse(each);
      digest.add(row);
    }
    onRows(digest.result().rows);
  }
}

const openTask = z.array(
  z.object({ id: z.string(), group_name: z.string().nullable(), runs_on: z.string().nullable() }),
);

/** The tasks' jobs and the word that all is there go together: a task is neither forgotten nor run before its time. */
async function finish(client: pg.ClientBase): Promise<number> {
  const { add } = createJobs(client);
  const { rows } = await client.query(
    `select id, group_name, runs_on from tasks
     where (state = 'ENQUEUED' and held_until is null) or state in ('RUNNING', 'CANCELLING') order by seq`,
  );
  const tasks = openTask.parse(rows);
  for (const task of tasks) await add(toJob(task));
  const { rowCount } = await client.query(
    "update moves set state = 'done', ended_at = $1 where role = 'target' and state = 'under_way'",
    [new Date().toISOString()],
  );
  if (rowCount !== 1) throw new AppError("store:conflict", "Somebody else has ended this move meanwhile");
  return tasks.length;
}
