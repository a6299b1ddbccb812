import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import Database from "better-sqlite3";
import pg from "pg";
import { createDatabase, startPostgres } from "../test/support/postgres.ts";
import { newId } from "../src/lib/ids.ts";
import { openStore, type StoreLocation } from "../src/storage/open.ts";
import type { NewDelivery, NewTask, Store } from "../src/storage/store.ts";
import { median } from "./statistics.ts";

export interface HistoryRow {
  readonly store: StoreLocation["kind"];
  readonly query: string;
  /** Medians in milliseconds, with a short and a long history. */
  readonly shortMs: number;
  readonly longMs: number;
}

export interface HistoryOptions {
  readonly dir: string;
  /** Ended tasks, each with its delivery, a step and two lines of log. */
  readonly short: number;
  readonly long: number;
  /** Calls of each query. */
  readonly calls: number;
}

/** How long the product's queries take with a short history and with a long one, in each store. */
export async function measureHistory(options: HistoryOptions): Promise<HistoryRow[]> {
  const folder = join(options.dir, "history");
  mkdirSync(folder, { recursive: true });
  const embedded = await measureStore(options, "sqlite", (rows) => sqliteWith(folder, rows));
  const postgres = await startPostgres({ fsync: true, settings: { max_wal_size: "4GB" } });
  try {
    const shared = await measureStore(options, "postgres", async (rows) => {
      await createDatabase(postgres.url("postgres"), `history${rows}`);
      return postgresWith(postgres.url(`history${rows}`), rows);
    });
    return [...embedded, ...shared];
  } finally {
    await postgres.close();
  }
}

async function measureStore(
  { short, long, calls }: HistoryOptions,
  kind: StoreLocation["kind"],
  filled: (rows: number) => Promise<Store>,
): Promise<HistoryRow[]> {
  const measured: Map<string, number>[] = [];
  for (const rows of [short, long]) {
    const store = await filled(rows);
    try {
      measured.push(await timeAll(store, kind, { rows, calls }));
    } finally {
      await store.close();
    }
  }
  const [first = new Map<string, number>(), second = new Map<string, number>()] = measured;
  return [...first].map(([query, shortMs]) => ({
    store: kind,
    query,
    shortMs,
    longMs: second.get(query) ?? Number.NaN,
  }));
}

/** What the two databases write differently. */
interface Dialect {
  numbers(count: number): string;
  readonly time: string;
}

const SQLITE: Dialect = {
  numbers: (count) => `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`,
  time: "strftime('%Y-%m-%dT%H:%M:%fZ', 1735689600 + i * 30, 'unixepoch')",
};
const POSTGRES: Dialect = {
  numbers: (count) => `with n(i) as (select generate_series(1, ${count}))`,
  time: `to_char(timestamp '2025-01-01' + i * interval '30 seconds', 'YYYY-MM-DD"T"HH24:MI:SS".000Z"')`,
};

/** In 20 actions; every tenth failed. */
function seeds({ numbers, time }: Dialect, count: number): string[] {
  const insert = (table: string, columns: string, values: string): string =>
    `insert into ${table} (${columns}) ${numbers(count)} select ${values} from n`;
  const state = "case when i % 10 = 0 then 'CANCELLED' else 'COMPLETED' end";
  const outcome = "case when i % 10 = 0 then 'failed' else 'succeeded' end";
  return [
    insert(
      "deliveries",
      "id, source, kind, sender_id, fingerprint, event, headers, body_size, body_ref, verdict, received_at",
      `'d' || i, 'app', 'github', 's' || i, 'f' || i, 'push', '{}', 7000, '', 'accepted', ${time}`,
    ),
    insert(
      "tasks",
      "id, action, params, state, outcome, progress, started_by, delivery_id, group_name, policy, attempt, settings_digest, metadata, node, created_at, started_at, ended_at",
      `'t' || i, 'action-' || (i % 20), '{}', ${state}, ${outcome}, 100, '{"type":"delivery","deliveryId":"d","rule":0}', 'd' || i, 'g' || (i % 20), 'queue', 1, 'digest', '{}', 'node', ${time}, ${time}, ${time}`,
    ),
    insert(
      "steps",
      "task_id, phase, idx, name, kind, state, exit_code, outputs, started_at, ended_at, duration_ms",
      `'t' || i, 'run', 0, 'build', 'run', 'succeeded', 0, '{}', ${time}, ${time}, 20`,
    ),
    ...[1, 2].map((line) =>
      insert("log", "task_id, time, stream, step, text", `'t' || i, ${time}, 'stdout', 0, 'line ${line}'`),
    ),
  ];
}

async function sqliteWith(folder: string, rows: number): Promise<Store> {
  const path = join(folder, `${rows}.db`);
  await (await openStore({ kind: "sqlite", path })).close();
  const database = new Database(path);
  for (const sql of seeds(SQLITE, rows)) database.exec(sql);
  database.close();
  return openStore({ kind: "sqlite", path });
}

async function postgresWith(url: string, rows: number): Promise<Store> {
  await (await openStore({ kind: "postgres", url })).close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("set search_path = hookwright; set synchronous_commit = off");
  for (const sql of seeds(POSTGRES, rows)) await client.query(sql);
  // As the database itself does it sooner or later.
  await client.query("vacuum analyze");
  await client.end();
  return openStore({ kind: "postgres", url });
}

const NOW = "2026-12-01T00:00:00.000Z";

function aTask(): NewTask {
  return {
    id: newId(),
    action: "action-1",
    params: {},
    concurrency: { policy: "queue", group: "g1" },
    startedBy: { type: "manual", by: "bench" },
    deliveryId: null,
    settingsDigest: "digest",
    createdAt: NOW,
  };
}

function aDelivery(senderId: string): NewDelivery {
  const id = newId();
  return {
    delivery: {
      id,
      source: "app",
      kind: "github",
      senderId,
      event: "push",
      headers: {},
      contentType: "application/json",
      bodySize: 2,
      verdict: "accepted",
      reason: null,
      replayOf: null,
      receivedAt: NOW,
      remoteAddress: null,
    },
    body: Buffer.from("{}"),
    fingerprint: randomUUID(),
    fingerprintsSince: "2026-11-30T00:00:00.000Z",
    tasks: [],
  };
}

interface Timing {
  readonly rows: number;
  readonly calls: number;
}

async function timeAll(
  store: Store,
  kind: StoreLocation["kind"],
  { rows, calls }: Timing,
): Promise<Map<string, number>> {
  const medians = new Map<string, number>();
  for (const [name, call] of Object.entries(queries(store, kind, rows))) {
    const times: number[] = [];
    // The first calls fill caches.
    for (let number = -10; number < calls; number += 1) {
      const began = performance.now();
      await call();
      if (number >= 0) times.push(performance.now() - began);
    }
    medians.set(name, median(times));
  }
  return medians;
}

function queries(
  store: Store,
  kind: StoreLocation["kind"],
  rows: number,
): Readonly<Record<string, () => Promise<unknown>>> {
  const anyId = (): string => `t${1 + Math.floor(Math.random() * rows)}`;
  return {
    "store a new delivery": () => store.storeDelivery(aDelivery(randomUUID())),
    "store a repeated delivery": () => store.storeDelivery(aDelivery(`s${rows}`)),
    "run a task: stored, taken, ended": () => runOne(store, kind),
    "one task": () => store.getTask(anyId()),
    "newest tasks": () => store.listTasks({ limit: 50 }),
    "tasks of an action": () => store.listTasks({ action: "action-3", limit: 50 }),
    "running tasks": () => store.listTasks({ state: "RUNNING", limit: 50 }),
    "failed tasks": () => store.listTasks({ outcome: "failed", limit: 50 }),
    "timed-out tasks, of which there are none": () => store.listTasks({ outcome: "timed_out", limit: 50 }),
    "a page far back": () => store.listTasks({ limit: 50, cursor: String(Math.floor(rows / 2)) }),
    "newest deliveries": () => store.listDeliveries({ limit: 50 }),
    "rejected deliveries": () => store.listDeliveries({ verdict: "rejected", limit: 50 }),
    "log of a task": () => store.listLog({ taskId: anyId(), after: 0, limit: 500 }),
    "past durations of an action's steps": () => store.stepDurations("action-3"),
    "orphaned tasks": () => store.orphanedTasks({ node: "bench" }),
    "held tasks that are due": () => store.dueTasks({ now: NOW, limit: 50 }),
  };
}

async function runOne(store: Store, kind: StoreLocation["kind"]): Promise<void> {
  const task = aTask();
  await store.createTask(task);
  const taking = { node: "bench", labels: [], now: NOW };
  if (kind === "postgres") await store.takeTask({ ...taking, id: task.id });
  else await store.claimTasks({ ...taking, limit: 4 });
  await store.transition({ id: task.id, signal: { type: "complete" }, reason: null, now: NOW });
}
