import pg from "pg";
import { z } from "zod";
import { SCHEMA } from "./pool.ts";

const CONNECT_MS = 5_000;
const clockRow = z.object({ now: z.date() });
const thereRow = z.object({ there: z.boolean() });
const versionRow = z.object({ version: z.number() }).optional();

/** Rejects where it can't be reached. See inspectStore. */
export async function inspectPostgres(url: string) {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
    application_name: "hookwright doctor",
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const begin = Date.now();
    const { rows } = await client.query("select clock_timestamp() as now");
    const aheadMs = (begin + Date.now()) / 2 - clockRow.parse(rows[0]).now.getTime();
    const { rows: tables } = await client.query("select to_regclass($1) is not null as there", [
      `${SCHEMA}.schema_version`,
    ]);
    if (!thereRow.parse(tables[0]).there) return { aheadMs };
    const { rows: versions } = await client.query(`select version from ${SCHEMA}.schema_version`);
    return { aheadMs, schema: versionRow.parse(versions[0])?.version ?? null };
  } finally {
    await client.end();
  }
}
