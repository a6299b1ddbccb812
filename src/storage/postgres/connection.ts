import { createHash } from "node:crypto";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import type pg from "pg";
import { z } from "zod";
import type { Bodies, Connection } from "../connection.ts";
import type { Schema } from "../schema.ts";
import { createJobs } from "./jobs.ts";

export const createBuilder = (): Kysely<Schema> =>
  new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });

/** The queries of one transaction of `client`. */
export function createPostgresConnection(client: pg.ClientBase, builder: Kysely<Schema>): Connection {
  return {
    builder,
    bodies: createBodies(client),
    jobs: createJobs(client),
    async clock() {
      const { rows } = await client.query({ name: "clock", text: "select clock_timestamp() as now" });
      return clockRow.parse(rows[0]).now;
    },
    async execute(text, values, prepared = false) {
      const query = { text, values: [...values], ...(prepared && { name: nameOf(text) }) };
      const { rows, rowCount } = await client.query<Record<string, unknown>>(query);
      return { rows, changes: rowCount ?? 0 };
    },
    async lock(names) {
      if (names.length === 0) return;
      // In one order everywhere, so that no two transactions wait for each other.
      const keys = [...new Set(names.map(lockKey))].toSorted((a, b) => (a < b ? -1 : 1)).map(String);
      await client.query({
        name: "lock",
        text: "select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key",
        values: [keys],
      });
    },
    async tryLock(name) {
      const { rows } = await client.query({
        name: "try-lock",
        text: "select pg_try_advisory_xact_lock($1::bigint) as locked",
        values: [String(lockKey(name))],
      });
      return lockRow.parse(rows[0]).locked;
    },
  };
}

/** Statements are kept by name on each connection; a name has room for 63 characters. */
function nameOf(text: string): string {
  const known = statementNames.get(text);
  if (known !== undefined) return known;
  const name = createHash("sha256").update(text).digest("base64url");
  statementNames.set(text, name);
  return name;
}

/** As many as there are prepared queries in the program. */
const statementNames = new Map<string, string>();

/** Advisory locks have numbers for names; two names that share one merely wait for each other. */
const lockKey = (name: string): bigint => createHash("sha256").update(name).digest().readBigInt64BE();

const lockRow = z.object({ locked: z.boolean() });
const clockRow = z.object({ now: z.date() });
const storedBody = z.object({ id: z.number() });
const foundBody = z.object({ bytes: z.instanceof(Buffer) });

/** Bodies in a table of their own: lists of deliveries never touch them. */
function createBodies(client: pg.ClientBase): Bodies {
  return {
    async put(body) {
      const { rows } = await client.query({
        name: "put-body",
        text: "insert into bodies (bytes) values ($1) returning id",
        values: [Buffer.from(body.buffer, body.byteOffset, body.byteLength)],
      });
      return String(storedBody.parse(rows[0]).id);
    },
    async get(ref) {
      const { rows } = await client.query({
        name: "get-body",
        text: "select bytes from bodies where id = $1",
        values: [ref],
      });
      return rows.length === 0 ? null : foundBody.parse(rows[0]).bytes;
    },
    async remove(refs) {
      await client.query("delete from bodies where id = any($1::bigint[])", [refs]);
    },
    // The database sees to that itself.
    free: async () => undefined,
  };
}
