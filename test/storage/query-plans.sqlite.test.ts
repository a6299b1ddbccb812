import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { TASK_STATES } from "../../src/domain/task.ts";
import type { Connection } from "../../src/storage/connection.ts";
import { operations } from "../../src/storage/operations/registry.ts";
import { openBodyFiles } from "../../src/storage/sqlite/body-files.ts";
import { createSqliteConnection } from "../../src/storage/sqlite/connection.ts";
import { type OpenDatabase, openDatabase } from "../../src/storage/sqlite/database.ts";
import { PRUNABLE } from "../../src/storage/store.ts";
import { aDelivery, aTask, at } from "../support/store.ts";

let dir: string;
let opened: OpenDatabase;
let connection: Connection;
const scans = new Set<string>();

const planSchema = z.array(z.object({ detail: z.string() }));

/** What SQLite does by going through a whole table; going through a partial index, of the few that matter or up to a limit, is none. */
function noteScans(database: Database, sql: string, parameters: readonly unknown[]): void {
  const plan = planSchema.parse(database.prepare(`explain query plan ${sql}`).all(...parameters));
  for (const { detail } of plan) {
    if (
      /^SCAN (tasks|deliveries|log|steps|audit_events|other)(?! USING (?:COVERING )?INDEX (?:tasks_(active|waiting|held)|deliveries_body|audit_events_time))/.test(
        detail,
      )
    ) {
      scans.add(`${detail}: ${sql}`);
    }
  }
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-plans-"));
  opened = openDatabase(join(dir, "hookwright.db"));
  const { database } = opened;
  const plain = createSqliteConnection(database, openBodyFiles({ dir: join(dir, "bodies"), lastRef: null }));
  connection = {
    ...plain,
    execute(sql, parameters) {
      noteScans(database, sql, parameters);
      return plain.execute(sql, parameters);
    },
  };
  const tasks = [aTask({ group: "a" }), aTask({ group: "a" }), aTask({ policy: "parallel" })];
  await operations.storeDelivery(connection, { ...aDelivery({ senderId: "one", fingerprint: "f" }), tasks });
});
afterAll(async () => {
  opened.close();
  await rm(dir, { recursive: true, force: true });
});

const page = { limit: 50, cursor: "1000000" };
const now = at(1);
const labels = ["web"];

const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  "the lists of tasks": async () => {
    await operations.listTasks(connection, page);
    for (const action of [undefined, "deploy"]) {
      for (const state of TASK_STATES) {
        // Most tasks end like this: a few steps back there are enough of them.
        if (state !== "COMPLETED") await operations.listTasks(connection, { ...page, state, action });
      }
      await operations.listTasks(connection, { ...page, outcome: "lost", action });
    }
    await operations.listTasks(connection, { ...page, deliveryId: "d" });
    await operations.listTasks(connection, { ...page, parentId: "t" });
  },
  "the lists of tasks of some actions": async () => {
    for (const actions of [["deploy"], ["deploy", "rare"]]) {
      await operations.listTasks(connection, { ...page, actions });
      for (const state of TASK_STATES) {
        if (state !== "COMPLETED") await operations.listTasks(connection, { ...page, state, actions });
      }
    }
  },
  "the audit log": async () => {
    const first = await operations.listAudit(connection, page);
    await operations.listAudit(connection, { ...page, cursor: first.next ?? "2026-01-01T00:00:00.000Z~1" });
    await operations.listAudit(connection, { ...page, since: at(1), until: at(9), actor: "nobody" });
  },
  "the lists of deliveries": async () => {
    await operations.listDeliveries(connection, page);
    await operations.listDeliveries(connection, { ...page, source: "rare" });
    await operations.listDeliveries(connection, { ...page, event: "rare" });
    await operations.listDeliveries(connection, { ...page, verdict: "rejected" });
  },
  "taking in": async () => {
    const input = aDelivery({ senderId: "two", fingerprint: "g", tasks: [{ policy: "supersede" }] });
    await operations.storeDelivery(connection, input);
    await operations.tasksOfDelivery(connection, input.delivery.id);
  },
  "claiming, and places in the queue": async () => {
    await operations.claimTasks(connection, { node: "n", labels, limit: 4, now });
    await operations.claimTasks(connection, { node: "n", labels, limit: 4, now });
    const { items } = await operations.listTasks(connection, { limit: 9 });
    for (const { id } of items) {
      await operations.getTask(connection, id);
      await operations.takeTask(connection, { id, node: "n", labels, now });
    }
  },
  "held tasks": async () => {
    await operations.dueTasks(connection, { now, limit: 10 });
    await operations.heldTasks(connection, "approval");
  },
  "counting what is to do": async () => {
    await operations.queueStats(connection);
  },
  "keeping nodes": async () => {
    const node = { id: "n", name: "n", labels, roles: [], pools: [], version: "1", leaseMs: 1_000 };
    await operations.heartbeat(connection, node);
    await operations.listNodes(connection);
    await operations.orphanedTasks(connection, { node: "m" });
  },
  "logs and durations": async () => {
    await operations.listLog(connection, { taskId: "t", after: 0, limit: 10 });
    await operations.stepDurations(connection, "deploy");
  },
  pruning: async () => {
    for (const what of PRUNABLE) {
      const input = { what, before: at(9_999), upTo: 0, after: 0, limit: 200, dryRun: false };
      await operations.prune(connection, input);
    }
    await operations.fitBodies(connection, { before: 1_000, room: 9, limit: 100 });
    await operations.freeBodies(connection);
  },
};

describe("on a store with very many rows", () => {
  it.each(Object.keys(CALLS))("%s go through no whole table", async (name) => {
    scans.clear();
    await CALLS[name]?.();
    expect([...scans]).toEqual([]);
  });

  it("a query that does would be noticed", async () => {
    scans.clear();
    await connection.execute("select * from tasks where reason = ?", ["x"]);
    expect(scans.size).toBe(1);
  });
});
