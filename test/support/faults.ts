import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { z } from "zod";
import { startNode, type NodeProcess } from "./node-process.ts";
import { createDatabase, startPostgres, type PostgresServer } from "./postgres.ts";
import { githubPush } from "./push.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export const FAULTS = [
  "kill a worker",
  "kill a receiver",
  "freeze a worker past its lease",
  "kill PostgreSQL",
  "cut every connection",
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultReport {
  readonly faults: Readonly<Record<string, number>>;
  /** Answered with 2xx. */
  readonly acknowledged: number;
  /** Acknowledged, and not to be found with exactly their tasks. */
  readonly lost: readonly string[];
  /** By outcome. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Commands that began, repeated ones included. */
  readonly runs: number;
  /** Neither completed nor cancelled when everything should have come to rest. */
  readonly unended: readonly string[];
  /** Tasks whose command ran while that of another task of the same group did. */
  readonly overlapping: readonly string[];
  /** Tasks that may not run again (`on_crash: lost`), and did. */
  readonly repeated: readonly string[];
}

export interface FaultOptions {
  readonly count: number;
  readonly onFault?: (number: number, fault: Fault) => void;
}

const SECRET = "a-long-enough-secret";
const LEASE_MS = 1_000;
const REST_MS = 120_000;
const GROUPS = 8;

/**
 * Two receivers and three workers on one PostgreSQL, under load, while one fault after another is done to them.
 * The commands hold a lock of the kernel for their group, so that it is the processes that are seen to overlap, not
 * their records.
 */
export async function runFaults({ count, onFault = () => undefined }: FaultOptions): Promise<FaultReport> {
  const cluster = await startCluster();
  try {
    const load = startLoad(cluster);
    const faults: Fault[] = [];
    for (let number = 1; number <= count; number += 1) {
      const fault = FAULTS[number % FAULTS.length] ?? FAULTS[0];
      onFault(number, fault);
      await inflict(cluster, fault, number);
      faults.push(fault);
    }
    const acknowledged = await load.stop();
    return { faults: countOf(faults), ...(await settle(cluster, acknowledged)) };
  } finally {
    await cluster.close();
  }
}

function countOf(faults: readonly Fault[]): Record<string, number> {
  const groups = Map.groupBy(faults, (fault) => fault);
  return Object.fromEntries([...groups].map(([fault, each]) => [fault, each.length]));
}

interface Cluster {
  readonly dir: string;
  readonly postgres: PostgresServer;
  readonly proxy: TcpProxy;
  readonly receivers: NodeProcess[];
  readonly workers: NodeProcess[];
  query<T>(schema: z.ZodType<T>, sql: string): Promise<T[]>;
  restart(nodes: NodeProcess[], index: number): Promise<void>;
  close(): Promise<void>;
}

/** Every third action may run again after a crash; all are in one of a few groups. */
const settingsText = (port: number, dir: string): string => `
store: postgres://postgres@127.0.0.1:${port}/faults
work: { concurrency: 2, lease: ${LEASE_MS}ms, dir: ${dir}/work }
server: { drain_timeout: 1s }
sources: { app: { kind: github, secrets: [${SECRET}] } }
actions:
${Array.from({ length: GROUPS }, (_, group) => ["lost", "retry"].map((rule) => action(group, rule, dir)).join("")).join("")}`;

const action = (group: number, rule: string, dir: string): string => `
  ${rule}-${group}:
    on: [{ source: app, event: push, branch: ["${rule}-${group}"] }]
    concurrency: { group: g${group} }
    on_crash: ${rule}
    grace: 200ms
    workdir: ${dir}
    steps:
      - shell: |
          exec 9>> lock.${group}
          flock -n 9 || echo "$HOOKWRIGHT_TASK_ID" >> overlaps
          echo "$HOOKWRIGHT_TASK_ID" >> runs.${rule}
          sleep "0.$((0x$(printf %s "$HOOKWRIGHT_TASK_ID" | tail -c 1)))"
        undo: { shell: "true" }
`;

async function startCluster(): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-faults-"));
  const postgres = await startPostgres({ fsync: true });
  await createDatabase(postgres.url("postgres"), "faults");
  const proxy = await startTcpProxy(join(postgres.socketDir, ".s.PGSQL.5432"));
  const start = async (name: string, role: "receive" | "work", port = 0): Promise<NodeProcess> => {
    const home = join(dir, name);
    await mkdir(home, { recursive: true });
    const settingsFile = join(home, "hookwright.yaml");
    await writeFile(settingsFile, settingsText(proxy.port, dir));
    return startNode({ settingsFile, name, roles: [role], port, logFile: join(dir, `${name}.log`) });
  };
  const receivers = await Promise.all(["receiver-1", "receiver-2"].map((name) => start(name, "receive")));
  const workers = await Promise.all(["worker-1", "worker-2", "worker-3"].map((name) => start(name, "work")));
  return {
    dir,
    postgres,
    proxy,
    receivers,
    workers,
    async query(schema, sql) {
      const client = new pg.Client({ connectionString: postgres.url("faults") });
      await client.connect();
      try {
        await client.query("set search_path to hookwright");
        return z.array(schema).parse((await client.query<Record<string, unknown>>(sql)).rows);
      } finally {
        await client.end();
      }
    },
    async restart(nodes, index) {
      const node = nodes[index];
      if (node === undefined) return;
      node.signal("SIGKILL");
      await node.exited;
      const role = nodes === receivers ? "receive" : "work";
      nodes[index] = await persistently(() => start(node.name, role, Number(new URL(node.url).port)));
    },
    async close() {
      for (const node of [...receivers, ...workers]) node.signal("SIGKILL");
      await proxy.close();
      await postgres.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** As a supervisor would: a server that finds no database ends, and is started again. */
async function persistently<T>(start: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      if (tries === 20) throw error;
      await delay(500);
    }
  }
}

async function inflict(cluster: Cluster, fault: Fault, number: number): Promise<void> {
  const { workers, receivers, postgres, proxy } = cluster;
  // So that some of each kind of task are under way.
  await delay(300);
  if (fault === "kill a worker") return cluster.restart(workers, number % workers.length);
  if (fault === "kill a receiver") return cluster.restart(receivers, number % receivers.length);
  if (fault === "cut every connection") return proxy.cut();
  if (fault === "kill PostgreSQL") {
    await postgres.kill();
    await delay(500);
    return postgres.restart();
  }
  const worker = workers[number % workers.length];
  worker?.signal("SIGSTOP");
  await delay(LEASE_MS * 2.2);
  worker?.signal("SIGCONT");
  return undefined;
}

interface Load {
  /** Resolves with the ids of all acknowledged deliveries. */
  stop(): Promise<readonly string[]>;
}

/** Sends as a forge does: what is not acknowledged is sent again, under the same id. */
function startLoad({ receivers }: Cluster): Load {
  const acknowledged: string[] = [];
  let stopped = false;

  async function send(index: number): Promise<void> {
    const id = randomUUID();
    const branch = `${index % 3 === 0 ? "retry" : "lost"}-${index % GROUPS}`;
    const { headers, body } = githubPush({ secret: SECRET, id, branch, message: id });
    for (let tries = 0; ; tries += 1) {
      const receiver = receivers[(index + tries) % receivers.length];
      const signal = AbortSignal.timeout(10_000);
      const init = { method: "POST", headers, body: new Uint8Array(body), signal };
      const response = await fetch(`${receiver?.url}/hooks/app`, init).catch(() => null);
      if (response?.ok === true) {
        acknowledged.push(id);
        return;
      }
      await delay(100);
    }
  }

  const sender = async (lane: number): Promise<void> => {
    for (let index = lane; !stopped; index += 4) {
      await send(index);
      await delay(400);
    }
  };
  const lanes = Array.from({ length: 4 }, (_, lane) => sender(lane));
  return {
    async stop() {
      stopped = true;
      await Promise.all(lanes);
      return acknowledged;
    },
  };
}

const openTask = z.object({ id: z.string(), state: z.string() });
const stored = z.object({ sender_id: z.string(), tasks: z.coerce.number() });
const outcome = z.object({ outcome: z.string(), count: z.coerce.number() });

async function settle(
  cluster: Cluster,
  acknowledged: readonly string[],
): Promise<Omit<FaultReport, "faults">> {
  const open = () =>
    cluster.query(openTask, "select id, state from tasks where outcome is null or state = 'CANCELLING'");
  const deadline = performance.now() + REST_MS;
  let unended = await open();
  while (unended.length > 0 && performance.now() < deadline) {
    await delay(250);
    unended = await open();
  }
  const found = await cluster.query(
    stored,
    `select sender_id, (select count(*) from tasks where delivery_id = deliveries.id) as tasks from deliveries`,
  );
  const complete = new Set(found.filter(({ tasks }) => tasks === 1).map((row) => row.sender_id));
  const outcomes = await cluster.query(
    outcome,
    "select outcome, count(*) from tasks where outcome is not null group by 1",
  );
  const [lost = [], retried = []] = await Promise.all(
    ["runs.lost", "runs.retry"].map((file) => linesOf(join(cluster.dir, file))),
  );
  return {
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((id) => !complete.has(id)),
    tasks: Object.fromEntries(outcomes.map((row) => [row.outcome, row.count])),
    unended: unended.map(({ id, state }) => `${id} ${state}`),
    runs: lost.length + retried.length,
    overlapping: await linesOf(join(cluster.dir, "overlaps")),
    repeated: repeatedIn(lost),
  };
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

const repeatedIn = (lines: readonly string[]): string[] => [
  ...new Set(lines.filter((line, index) => lines.indexOf(line) !== index)),
];
