import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Random, createRandom } from "../../support/random.ts";
import {
  type ServerProcess,
  markedProcesses,
  serverClient,
  startServerProcess,
} from "../../support/server-process.ts";
import { until } from "../../support/until.ts";
import { audit, type Faults, isGivenUp } from "./audit.ts";
import { readRecords, type Records } from "./records.ts";
import { type Sender, type SenderCounts, startSender } from "./sender.ts";
import { crashSettings, MARK } from "./settings.ts";

export interface CrashOptions {
  /** How often the server is killed. */
  readonly rounds: number;
  readonly seed: number;
  readonly onRound?: (round: number) => void;
}

export interface CrashReport {
  readonly seed: number;
  readonly kills: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly counts: Readonly<SenderCounts>;
  /** Tasks by how they ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Tasks that were run more than once, by the rule of their action. */
  readonly takenUpAgain: number;
  /** Tasks whose undos met three deaths of the server, and which say so. */
  readonly givenUp: number;
  readonly faults: Faults;
  /** Commands that ran although every task had ended. */
  readonly leftRunning: readonly string[];
  /** Of the last server, after SIGTERM. */
  readonly exitCode: number | null;
  readonly seconds: number;
}

const CONNECTIONS = 6;

/** Kills a server under load again and again, then counts what has come of it. */
export async function runCrash({ rounds, seed, onRound }: CrashOptions): Promise<CrashReport> {
  const started = performance.now();
  const dir = await mkdtemp(join(tmpdir(), "hookwright-crash-"));
  await writeFile(join(dir, "hookwright.yaml"), crashSettings(dir));
  const random = createRandom(seed);
  let server = startServerProcess({ dir });
  try {
    const url = await server.serving;
    const sender = startSender({ url, connections: CONNECTIONS, random });
    for (let round = 1; round <= rounds; round += 1) {
      await crash(server, sender, random);
      onRound?.(round);
      server = startServerProcess({ dir, port: Number(new URL(url).port) });
    }
    await server.serving;
    await sender.stop();
    await allEnded(url, dir);
    const leftRunning = await commandsLeft(dir);
    server.kill("SIGTERM");
    const { code: exitCode } = await server.exited;
    const records = await readRecords(join(dir, "data/hookwright.db"));
    const faults = await audit({ dir, sent: sender.sent, records });
    const seconds = (performance.now() - started) / 1_000;
    return { seed, kills: rounds, ...summary(sender, records), faults, leftRunning, exitCode, seconds };
  } finally {
    server.kill("SIGKILL");
    await server.exited;
    await rm(dir, { recursive: true, force: true });
  }
}

/** Most often under load; now and then while it starts, and so while it cleans up after the last time. */
async function crash(server: ServerProcess, sender: Sender, random: Random): Promise<void> {
  if (random.next() < 0.25) await delay(random.between(50, 700));
  else {
    await server.serving;
    await delay(random.between(20, 1_100));
    sender.burst(random.between(0, 16));
    await delay(random.between(0, 15));
  }
  server.kill("SIGKILL");
  await server.exited;
}

async function allEnded(url: string, dir: string): Promise<void> {
  const client = await serverClient(url, dir);
  const open = ["ENQUEUED", "RUNNING", "CANCELLING"] as const;
  await until(
    async () => {
      const pages = await Promise.all(open.map((state) => client.listTasks({ state, limit: 1 })));
      return pages.every(({ items }) => items.length === 0);
    },
    { what: "every task to end", timeoutMs: 120_000, intervalMs: 100 },
  );
}

/** What still runs of the commands, a moment after the last task's end: a `sleep` of a killed shell may outlive it so long. */
async function commandsLeft(dir: string): Promise<readonly string[]> {
  const look = (): string[] => markedProcesses(MARK, dir);
  await until(() => look().length === 0, { what: "commands to end", timeoutMs: 1_000 }).catch(() => false);
  return look();
}

function summary({ sent, counts }: Sender, { tasks }: Records) {
  const outcomes = Map.groupBy(tasks, ({ state, outcome }) =>
    state === "FAILED_CANCELLING" ? `${outcome ?? state}, undo failed` : (outcome ?? state),
  );
  return {
    sent: sent.length,
    acknowledged: sent.filter(({ acknowledged }) => acknowledged !== null).length,
    counts,
    outcomes: Object.fromEntries([...outcomes].map(([outcome, some]) => [outcome, some.length])),
    takenUpAgain: tasks.filter(({ attempt }) => attempt > 1).length,
    givenUp: tasks.filter(isGivenUp).length,
  };
}
