import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditEvent } from "../../src/domain/audit.ts";
import { newId } from "../../src/lib/ids.ts";
import { openStore } from "../../src/storage/open.ts";
import type { Store } from "../../src/storage/store.ts";
import { storeIn, type TestStore } from "../support/test-store.ts";

let dir: string;
let place: TestStore;
let store: Store;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-audit-"));
  place = await storeIn(dir, { kind: "sqlite", path: join(dir, "hookwright.db") });
  store = await openStore(place.location);
});
afterEach(async () => {
  await store.close();
  await place.remove();
  await rm(dir, { recursive: true, force: true });
});

/** By a client of the database that is not Hookwright. */
async function run(sql: string): Promise<void> {
  if (place.location.kind === "sqlite") {
    const database = new Database(place.location.path);
    try {
      database.exec(sql);
    } finally {
      database.close();
    }
    return;
  }
  const options = { connectionString: place.location.url, options: "-c search_path=hookwright" };
  const client = new pg.Client(options);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

const eventOf = (time: string): AuditEvent => ({
  id: newId(),
  time,
  actor: "token:ci",
  action: "task.cancel",
  target: "task:1",
  way: "api",
  address: null,
  result: "done",
  code: null,
  details: {},
});

const times = async () => (await store.listAudit({ limit: 10 })).items.map(({ time }) => time);

describe("the database itself", () => {
  it("refuses to change an event, however old", async () => {
    const event = eventOf(daysAgo(400));
    await store.recordAudit([event]);
    await expect(run("update audit_events set actor = 'nobody'")).rejects.toThrow(/append-only/);
    expect((await store.listAudit({ limit: 1 })).items).toEqual([event]);
  });

  it("refuses to remove an event that is not 30 days old, and lets older ones go", async () => {
    const [young, old] = [daysAgo(29), daysAgo(31)];
    await store.recordAudit([eventOf(old), eventOf(young)]);
    await expect(run("delete from audit_events")).rejects.toThrow(/append-only/);
    await run(`delete from audit_events where time = '${old}'`);
    expect(await times()).toEqual([young]);
  });

  it("refuses to empty the table", async () => {
    const young = daysAgo(0);
    await store.recordAudit([eventOf(young)]);
    const empty = place.location.kind === "sqlite" ? "delete from audit_events" : "truncate audit_events";
    await expect(run(empty)).rejects.toThrow(/append-only/);
    expect(await times()).toEqual([young]);
  });
});

describe("retention", () => {
  const prune = (days: number) =>
    store.prune({ what: "audit", before: daysAgo(days), upTo: 0, after: 0, limit: 10, dryRun: false });

  it("removes what is older", async () => {
    const [young, old] = [daysAgo(100), daysAgo(101.5)];
    await store.recordAudit([eventOf(old), eventOf(young)]);
    expect(await prune(101)).toMatchObject({ removed: 1 });
    expect(await times()).toEqual([young]);
  });

  it("can't be made to remove what is younger than the database lets go", async () => {
    const young = daysAgo(2);
    await store.recordAudit([eventOf(young)]);
    await expect(prune(1)).rejects.toThrow(/append-only/);
    expect(await times()).toEqual([young]);
  });
});
