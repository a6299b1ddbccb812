import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import type { StoreSettings } from "../../src/settings/settings.ts";
import { createDatabase } from "./postgres.ts";

/** The store that this test run is about; see vitest.config.ts. */
export const storeKind = (): StoreSettings["kind"] =>
  process.env["HOOKWRIGHT_TEST_STORE"] === "postgres" ? "postgres" : "sqlite";

/** A database that belongs to a folder, as the embedded one does. */
export interface TestStore {
  readonly location: StoreSettings;
  /** To be called when the folder goes. */
  remove(): Promise<void>;
}

/** Empty for the embedded one. */
export const postgresUrlOf = ({ location }: TestStore): string =>
  location.kind === "postgres" ? location.url : "";

const used = new Map<string, string>();
/** Databases of this test file that are empty again: making one takes half a second. */
const empty: string[] = [];

/** `given`: where the embedded database would be. The same folder gets the same database again. */
export async function storeIn(dir: string, given: StoreSettings): Promise<TestStore> {
  if (storeKind() === "sqlite") return { location: given, remove: async () => undefined };
  const url = used.get(dir) ?? empty.pop() ?? (await newDatabase());
  used.set(dir, url);
  return {
    location: { kind: "postgres", url },
    async remove() {
      if (!used.delete(dir)) return;
      await clear(url);
      empty.push(url);
    },
  };
}

async function newDatabase(): Promise<string> {
  const admin = inject("postgres");
  const name = `test_${randomUUID().slice(0, 8)}`;
  await createDatabase(admin, name);
  return admin.replace("/postgres?", `/${name}?`);
}

async function clear(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    await client.query("set client_min_messages = warning");
    await client.query("drop schema if exists hookwright, graphile_worker cascade");
  } finally {
    await client.end();
  }
}
