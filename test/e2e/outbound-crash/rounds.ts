import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../../src/storage/open.ts";
import { toldBy } from "../../outbound/told.ts";
import { createRandom } from "../../support/random.ts";
import { startReceiver, type Receiver } from "../../support/receiver.ts";
import { aTask } from "../../support/store.ts";
import { until } from "../../support/until.ts";

export interface OutboundCrashOptions {
  readonly events: number;
  readonly kills: number;
  readonly seed: number;
}

export interface OutboundCrashReport {
  readonly events: number;
  readonly kills: number;
  /** Requests that the receiver got, the refused ones too. */
  readonly requests: number;
  readonly refused: number;
  /** Events that were taken more than once: the killed sender had not put it on record. */
  readonly repeated: number;
  readonly missing: readonly string[];
  /** Messages that are not on record as delivered in the end. */
  readonly undelivered: number;
}

/** One in so many requests is answered with an error, one with a broken connection. */
const FAULTY = 20;
const MAIN = join(import.meta.dirname, "sender-main.ts");

/** Kills the sender again and again in the middle of its work, and counts what arrives. */
export async function runOutboundCrash({
  events,
  kills,
  seed,
}: OutboundCrashOptions): Promise<OutboundCrashReport> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-outbound-"));
  const path = join(dir, "hookwright.db");
  const receiver = await startReceiver();
  const taken = new Map<string, number>();
  let refused = 0;
  const random = createRandom(seed);
  receiver.answer((response, request) => {
    const fate = random.between(0, FAULTY);
    if (fate < 2) refused += 1;
    if (fate === 0) return void response.socket?.destroy();
    if (fate === 1) return void response.writeHead(500).end();
    const { id } = toldBy(request).data.task;
    taken.set(id, (taken.get(id) ?? 0) + 1);
    return void response.writeHead(204).end();
  });
  try {
    const ids = await endTasks(path, events);
    for (let kill = 1; kill <= kills; kill += 1) {
      await sendUntil({ path, receiver }, () => taken.size >= (events * kill) / (kills + 1));
    }
    await sendUntil({ path, receiver }, () => taken.size === events);
    const undelivered = await finish({ path, receiver });
    return {
      events,
      kills,
      refused,
      undelivered,
      requests: receiver.requests.length,
      repeated: [...taken.values()].filter((count) => count > 1).length,
      missing: ids.filter((id) => !taken.has(id)),
    };
  } finally {
    await receiver.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** At once: what a transaction takes. */
const BATCH = 200;

/** Tasks that have ended, each with its notice. */
async function endTasks(path: string, count: number): Promise<string[]> {
  const store = await openStore({ kind: "sqlite", path });
  const now = new Date().toISOString();
  const ids: string[] = [];
  while (ids.length < count) {
    const tasks = Array.from({ length: Math.min(BATCH, count - ids.length) }, () =>
      aTask({ policy: "parallel", notify: ["task.completed"], createdAt: now }),
    );
    await Promise.all(tasks.map((task) => store.createTask(task)));
    await store.claimTasks({ node: "n", labels: [], limit: tasks.length, now });
    const signal = { type: "complete" } as const;
    await Promise.all(tasks.map(({ id }) => store.transition({ id, signal, reason: null, now })));
    ids.push(...tasks.map(({ id }) => id));
  }
  await store.close();
  return ids;
}

interface Place {
  readonly path: string;
  readonly receiver: Receiver;
}

function startSender({ path, receiver }: Place): ChildProcess {
  return spawn(process.execPath, [MAIN, path, receiver.url], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

async function sendUntil(place: Place, test: () => boolean): Promise<void> {
  const sender = startSender(place);
  const exited = once(sender, "exit");
  try {
    await until(test, { what: "enough to have arrived", timeoutMs: 300_000, intervalMs: 2 });
  } finally {
    sender.kill("SIGKILL");
    await exited;
  }
}

/** One is always enough, unless what it sends is refused by chance. */
const LAST_SENDERS = 20;

/**
 * The last sender may have been killed before it wrote down what had arrived: others do it, and end in good order when
 * nothing is due. Resolves with what is left.
 */
async function finish(place: Place): Promise<number> {
  let left = Infinity;
  for (let count = 0; count < LAST_SENDERS && left > 0; count += 1) {
    const sender = startSender(place);
    const exited = once(sender, "exit");
    await once(sender, "message");
    sender.kill("SIGTERM");
    await exited;
    left = await undeliveredIn(place.path);
  }
  return left;
}

async function undeliveredIn(path: string): Promise<number> {
  const store = await openStore({ kind: "sqlite", path });
  const records = await store.endpointRecords();
  const pending = await store.pendingNotices(1);
  await store.close();
  return records.reduce((sum, { waiting, dead }) => sum + waiting + dead, pending.length);
}
