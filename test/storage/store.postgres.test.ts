import { createHash } from "node:crypto";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { SCHEMA_VERSION } from "../../src/storage/migrations/migrations.ts";
import { createPostgresStore } from "../../src/storage/postgres/store.ts";
import { aDelivery, aTask, at } from "../support/store.ts";
import { postgresUrlOf, storeIn, type TestStore } from "../support/test-store.ts";

let place: TestStore;
let url: string;
beforeEach(async () => {
  place = await storeIn(crypto.randomUUID(), { kind: "sqlite", path: "" });
  url = postgresUrlOf(place);
});
afterEach(() => place.remove());

async function query(sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Breaks every connection to the database but this one. */
const cut = (): Promise<unknown> =>
  query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );

describe("the store on PostgreSQL", () => {
  it("is made once when many servers start at the same time", async () => {
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => createPostgresStore({ url, connections: 2 })),
    );
    await Promise.all(stores.map((store) => store.createTask(aTask())));
    expect((await stores[0]?.listTasks({ limit: 50 }))?.items).toHaveLength(8);
    expect(await query("select version from hookwright.schema_version")).toEqual([
      { version: SCHEMA_VERSION },
    ]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("refuses a database of a newer version, and changes nothing in it", async () => {
    await (await createPostgresStore({ url })).close();
    await query("update hookwright.schema_version set version = 999");
    await expect(createPostgresStore({ url })).rejects.toMatchObject({ code: "store:too_new" });
    expect(await query("select version from hookwright.schema_version")).toEqual([{ version: 999 }]);
  });

  it("refuses a database that could not keep every text", async () => {
    await query(`create database latin template template0 encoding 'LATIN1' locale 'C'`);
    try {
      const latin = url.replace(/\/test_\w+\?/, "/latin?");
      const opening = createPostgresStore({ url: latin });
      await expect(opening).rejects.toMatchObject({ code: "store:unavailable" });
      await expect(opening).rejects.toThrow(/LATIN1.*encoding 'UTF8'/);
    } finally {
      await query("drop database latin");
    }
  });

  it.each([
    ["no server", "postgres://postgres@127.0.0.1:1/none"],
    ["no database", inject("postgres").replace("/postgres?", "/nowhere?")],
  ])("says so where there is %s", async (_, nowhere) => {
    await expect(createPostgresStore({ url: nowhere })).rejects.toMatchObject({
      code: "store:unavailable",
      status: 503,
      retryAfter: 5,
    });
  });

  it("reports a lost connection as temporary, loses nothing it promised, and goes on", async () => {
    const store = await createPostgresStore({ url });
    const deliveries = Array.from({ length: 200 }, (_, index) => aDelivery({ senderId: String(index) }));
    const storing = Promise.allSettled(deliveries.map((delivery) => store.storeDelivery(delivery)));
    await cut();
    const results = await storing;
    const kept = results.flatMap((result) =>
      result.status === "fulfilled" ? [result.value.deliveryId] : [],
    );
    for (const result of results) {
      if (result.status === "rejected") {
        expect(result.reason).toMatchObject({ code: "store:unavailable", retryAfter: 5 });
      }
    }
    const found = await vi.waitFor(() => Promise.all(kept.map((id) => store.getDelivery(id))), {
      timeout: 10_000,
    });
    expect(found).not.toContain(null);
    // What was in doubt is sent again by its sender, and stored once.
    const again = await Promise.all(deliveries.map((delivery) => store.storeDelivery(delivery)));
    expect(new Set(again.map(({ deliveryId }) => deliveryId)).size).toBe(deliveries.length);
    await store.close();
  });

  it("leaves no lock behind when a call fails", async () => {
    const store = await createPostgresStore({ url, connections: 2 });
    const task = aTask({ group: "g", policy: "reject" });
    await store.createTask(task);
    for (let i = 0; i < 5; i += 1) {
      await expect(store.createTask({ ...aTask({ group: "other" }), id: task.id })).rejects.toMatchObject({
        code: "internal",
      });
    }
    expect(
      await query(
        "select count(*)::int as n from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      ),
    ).toEqual([{ n: 0 }]);
    expect((await store.createTask(aTask({ group: "other" }))).task.state).toBe("ENQUEUED");
    await store.close();
  });

  it("is pruned by one server at a time", async () => {
    const store = await createPostgresStore({ url, connections: 2 });
    const key = createHash("sha256").update("prune").digest().readBigInt64BE();
    const input = { what: "tasks", before: at(9), upTo: 0, after: 0, limit: 10, dryRun: false } as const;
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    await other.query("begin");
    await other.query("select pg_advisory_xact_lock($1)", [String(key)]);
    expect(await store.prune(input)).toBeNull();
    await other.query("commit");
    await other.end();
    expect(await store.prune(input)).toEqual({ removed: 0, bytes: 0, next: null });
    await store.close();
  });
});
