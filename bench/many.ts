import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { z } from "zod";
import { startNode, type NodeProcess } from "../test/support/node-process.ts";
import { createDatabase, startPostgres, type PostgresServer } from "../test/support/postgres.ts";
import type { NodeRole } from "../src/storage/store.ts";
import { sendPush } from "./push.ts";
import { SECRET } from "./servers.ts";
import { percentile } from "./statistics.ts";
import { load } from "./wrk.ts";

export interface ManyRow {
  /** Receivers or workers. */
  readonly nodes: number;
  readonly perSecond: number;
}

export interface AcceptingRow extends ManyRow {
  readonly p99Ms: number;
  readonly failures: number;
}

export interface ManyResult {
  readonly accepting: readonly AcceptingRow[];
  readonly working: readonly ManyRow[];
  /** From the delivery's row to the task's start, on an idle cluster of one receiver and one worker. */
  readonly startP50Ms: number;
  readonly startP99Ms: number;
}

export interface ManyOptions {
  readonly dir: string;
  readonly seconds: number;
  readonly connections: number;
  /** Tasks that the workers have to run. */
  readonly tasks: number;
  readonly pushes: number;
}

const COUNTS = [1, 2, 4] as const;

const SETTINGS = `
work: { concurrency: 4 }
sources: { app: { kind: github, secrets: ["${SECRET}"] } }
actions:
  deploy:
    on: [{ source: app, event: push }]
    concurrency: { policy: parallel }
    steps: [{ run: ["true"] }]
`;

/** Receivers and workers as processes of their own on one PostgreSQL that syncs each commit. */
export async function measureMany(options: ManyOptions): Promise<ManyResult> {
  const postgres = await startPostgres({ fsync: true });
  try {
    const accepting: AcceptingRow[] = [];
    const working: ManyRow[] = [];
    for (const nodes of COUNTS) accepting.push(await measureAccepting(postgres, options, nodes));
    for (const nodes of COUNTS) working.push(await measureWorking(postgres, options, nodes));
    return { accepting, working, ...(await measureStart(postgres, options)) };
  } finally {
    await postgres.close();
  }
}

interface Cluster {
  start(role: NodeRole, count: number): Promise<readonly NodeProcess[]>;
  query<T>(schema: z.ZodType<T>, sql: string): Promise<T>;
  close(): Promise<void>;
}

async function createCluster(postgres: PostgresServer, dir: string, name: string): Promise<Cluster> {
  await createDatabase(postgres.url("postgres"), name);
  const url = postgres.url(name);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const nodes: NodeProcess[] = [];
  return {
    async start(role, count) {
      for (let number = 1; number <= count; number += 1) {
        const home = join(dir, name, `${role}-${number}`);
        mkdirSync(home, { recursive: true });
        const settingsFile = join(home, "hookwright.yaml");
        writeFileSync(settingsFile, `store: "${url}"\n${SETTINGS}`, { mode: 0o600 });
        const logFile = join(home, "log");
        nodes.push(await startNode({ settingsFile, name: `${role}-${number}`, roles: [role], logFile }));
      }
      return nodes.filter((node) => node.name.startsWith(role));
    },
    async query(schema, sql) {
      const { rows } = await client.query<Record<string, unknown>>(sql);
      return schema.parse(rows[0]);
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
      await client.end();
    },
  };
}

const hooks = (node: NodeProcess): string => `${node.url}/hooks/app`;

async function measureAccepting(
  postgres: PostgresServer,
  { dir, seconds, connections }: ManyOptions,
  nodes: number,
): Promise<AcceptingRow> {
  const cluster = await createCluster(postgres, dir, `accept${nodes}`);
  try {
    const receivers = await cluster.start("receive", nodes);
    const each = { connections: connections / nodes, dir };
    const all = (duration: number) =>
      Promise.all(receivers.map((node) => load({ ...each, url: hooks(node), seconds: duration })));
    await all(2);
    const loads = await all(seconds);
    return {
      nodes,
      perSecond: loads.reduce((sum, { perSecond }) => sum + perSecond, 0),
      p99Ms: Math.max(...loads.map(({ p99Ms }) => p99Ms)),
      failures: loads.reduce((sum, { notOk, socketErrors }) => sum + notOk + socketErrors, 0),
    };
  } finally {
    await cluster.close();
  }
}

const OPEN = "select count(*)::int as count from hookwright.tasks where ended_at is null";
const SPAN = `select extract(epoch from max(ended_at::timestamptz) - min(started_at::timestamptz))::float as seconds,
  count(*)::int as count from hookwright.tasks`;
const counted = z.object({ count: z.number() });
const spanned = z.object({ count: z.number(), seconds: z.number() });

async function measureWorking(
  postgres: PostgresServer,
  { dir, tasks, connections }: ManyOptions,
  nodes: number,
): Promise<ManyRow> {
  const cluster = await createCluster(postgres, dir, `work${nodes}`);
  try {
    const [receiver] = await cluster.start("receive", 1);
    if (receiver === undefined) throw new Error("no receiver");
    let left = tasks;
    const sender = async (): Promise<void> => {
      while ((left -= 1) >= 0) await sendPush(hooks(receiver));
    };
    await Promise.all(Array.from({ length: connections }, sender));
    await cluster.start("work", nodes);
    while ((await cluster.query(counted, OPEN)).count > 0) await sleep(200);
    const { count, seconds } = await cluster.query(spanned, SPAN);
    return { nodes, perSecond: count / seconds };
  } finally {
    await cluster.close();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const STARTS = `select coalesce(json_agg(extract(epoch from t.started_at::timestamptz - d.received_at::timestamptz) * 1000), '[]') as ms
  from hookwright.tasks t join hookwright.deliveries d on d.id = t.delivery_id`;

async function measureStart(
  postgres: PostgresServer,
  { dir, pushes }: ManyOptions,
): Promise<Pick<ManyResult, "startP50Ms" | "startP99Ms">> {
  const cluster = await createCluster(postgres, dir, "start");
  try {
    const [receiver] = await cluster.start("receive", 1);
    await cluster.start("work", 1);
    if (receiver === undefined) throw new Error("no receiver");
    for (let number = 0; number < pushes; number += 1) {
      await sendPush(hooks(receiver));
      await sleep(50);
    }
    while ((await cluster.query(counted, OPEN)).count > 0) await sleep(100);
    const { ms } = await cluster.query(z.object({ ms: z.array(z.number()) }), STARTS);
    return { startP50Ms: percentile(ms, 0.5), startP99Ms: percentile(ms, 0.99) };
  } finally {
    await cluster.close();
  }
}
