import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { NewTask, Store } from "../src/storage/store.ts";
import { newId } from "../src/lib/ids.ts";
import { createLogger } from "../src/lib/logger.ts";
import { createPoster } from "../src/lib/outbound-post.ts";
import type { Endpoint } from "../src/outbound/endpoint.ts";
import type { Outbound } from "../src/outbound/outbound.ts";
import { createSender } from "../src/outbound/sender.ts";
import { createTellingStore } from "../src/outbound/telling-store.ts";
import { parseSettings } from "../src/settings/load.ts";
import { openStore } from "../src/storage/open.ts";
import { percentile } from "./statistics.ts";
import { wallClock } from "./clock.ts";

export interface OutboundResult {
  /** Messages that arrived per second while there were always more to send. */
  readonly perSecond: number;
  /** Messages per second that the times below were measured at. */
  readonly pacedPerSecond: number;
  /** Milliseconds from the end of a task to the first attempt's arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly missing: number;
}

export interface MeasureOutboundInput {
  readonly dir: string;
  /** Tasks that end at once, each told to ten endpoints. */
  readonly burst: number;
  /** Tasks that end one by one, so many a second. */
  readonly paced: number;
  readonly tasksPerSecond: number;
}

const urlsSchema = z.object({ urls: z.array(z.string()) });
const arrivedSchema = z.object({ arrived: z.array(z.object({ id: z.string(), at: z.number() })) });
type Arrival = z.infer<typeof arrivedSchema>["arrived"][number];

/** Of ten endpoints nine live; the tenth takes everything and never answers. */
const LIVE = 9;
const LOOK_MS = 20;
const PATIENCE_MS = 120_000;

export async function measureOutbound({
  dir,
  burst,
  paced,
  tasksPerSecond,
}: MeasureOutboundInput): Promise<OutboundResult> {
  const receivers = fork(join(import.meta.dirname, "outbound-receivers.ts"));
  const first = await messageOf(receivers);
  const opened = await openStore({ kind: "sqlite", path: join(dir, "outbound", "hookwright.db") });
  const sender = createBenchSender(opened, endpointsAt(urlsSchema.parse(first).urls));
  const store = createTellingStore(opened, { wake: () => sender.wake() });
  try {
    const perSecond = await measureBurst({ store, sender, receivers, count: burst });
    const result = await measurePaced({ store, receivers, count: paced, tasksPerSecond });
    return { perSecond, pacedPerSecond: tasksPerSecond * (LIVE + 1), ...result };
  } finally {
    await sender.stop(0);
    await opened.close();
    receivers.kill();
  }
}

function endpointsAt(urls: readonly string[]): Readonly<Record<string, Endpoint>> {
  const secret = `whsec_${Buffer.alloc(24, "bench").toString("base64")}`;
  const lines = urls.map(
    (url, index) => `  e${index}: { kind: standard-webhooks, url: "${url}", secret: ${secret} }\n`,
  );
  return parseSettings({ text: `notify:\n${lines.join("")}`, file: null, dir: ".", env: {} }).notify;
}

function createBenchSender(store: Store, endpoints: Readonly<Record<string, Endpoint>>): Outbound {
  const poster = createPoster(["127.0.0.0/8"]);
  return createSender({
    store,
    endpoints: () => endpoints,
    actionOf: () => ({ notify: null }),
    publicUrl: () => "https://hooks.example.com",
    poster: () => poster,
    node: newId(),
    shared: false,
    logger: createLogger({ level: "silent" }),
  });
}

const newTask = (): NewTask => ({
  id: newId(),
  action: "bench",
  params: {},
  concurrency: { policy: "parallel", group: "bench" },
  startedBy: { type: "manual", by: "bench" },
  deliveryId: null,
  settingsDigest: "",
  notify: ["task.completed"],
  createdAt: new Date().toISOString(),
});

const nowText = (): string => new Date().toISOString();

async function begin(store: Store, count: number): Promise<string[]> {
  const tasks = Array.from({ length: count }, newTask);
  await Promise.all(tasks.map((task) => store.createTask(task)));
  await store.claimTasks({ node: "bench", labels: [], limit: count, now: nowText() });
  return tasks.map(({ id }) => id);
}

const end = (store: Store, id: string) =>
  store.transition({ id, signal: { type: "complete" }, reason: null, now: nowText() });

interface Measure {
  readonly store: Store;
  readonly receivers: ChildProcess;
  readonly count: number;
}

/** Everything has ended before the sender begins, so that it never waits for more to send. */
async function measureBurst({
  store,
  sender,
  receivers,
  count,
}: Measure & { readonly sender: Outbound }): Promise<number> {
  const ids = await begin(store, count);
  await Promise.all(ids.map((id) => end(store, id)));
  const began = wallClock();
  sender.start();
  const arrivals = await gather(receivers, count * LIVE);
  const last = Math.max(...arrivals.map(({ at }) => at));
  return (arrivals.length / (last - began)) * 1_000;
}

async function measurePaced({
  store,
  receivers,
  count,
  tasksPerSecond,
}: Measure & { readonly tasksPerSecond: number }): Promise<
  Pick<OutboundResult, "p50Ms" | "p99Ms" | "missing">
> {
  const ids = await begin(store, count);
  const ends = new Map<string, number>();
  const began = performance.now();
  for (const [index, id] of ids.entries()) {
    const due = began + (index / tasksPerSecond) * 1_000;
    if (due > performance.now()) await delay(due - performance.now());
    void end(store, id).then(() => ends.set(id, wallClock()));
  }
  const arrivals = await gather(receivers, count * LIVE);
  // An arrival may be seen before the store's answer is: then no time has passed.
  const times = arrivals.map(({ id, at }) => Math.max(0, at - (ends.get(id) ?? at)));
  return {
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    missing: count * LIVE - arrivals.length,
  };
}

/** What arrives until all has, or patience is over. */
async function gather(receivers: ChildProcess, count: number): Promise<Arrival[]> {
  const all: Arrival[] = [];
  const until = performance.now() + PATIENCE_MS;
  while (all.length < count && performance.now() < until) {
    await delay(LOOK_MS);
    const answer = messageOf(receivers);
    receivers.send("what has arrived?");
    all.push(...arrivedSchema.parse(await answer).arrived);
  }
  return all;
}

const messageOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => {
    child.once("message", resolve);
  });
