import type { Task } from "../domain/task.ts";
import type { Metrics, Read } from "../lib/metrics/metrics.ts";
import { within } from "../lib/within.ts";
import type { QueueStats } from "../storage/store.ts";
import type { Settings } from "../settings/settings.ts";

export const DELIVERY_VERDICTS = [
  "accepted",
  "duplicate",
  "spooled",
  "rejected",
  "refused",
  "unavailable",
  "failed",
] as const;
/** What became of a webhook; `refused`: it did not prove who sent it, or came too often. */
export type DeliveryVerdict = (typeof DELIVERY_VERDICTS)[number];

/** What is counted while it happens. While metrics are off each call does nothing. */
export interface Meters {
  readonly on: boolean;
  /** `ms`: null where nothing was done for it. */
  delivery(source: string, verdict: DeliveryVerdict, ms: number | null): void;
  attempt(endpoint: string, result: "delivered" | "refused" | "failed"): void;
  request(input: { readonly method: string; readonly route: string; readonly status: number }): void;
  storeCall(kind: string, ms: number): void;
  taskEnded(task: Pick<Task, "action" | "outcome" | "startedAt">, now: string): void;
  /** Loads what metrics need and begins to count, unless that has been done. */
  start(): Promise<void>;
  /** For Prometheus. */
  text(): Promise<string>;
}

export interface MetersOptions {
  readonly settings: () => Pick<Settings, "sources" | "actions" | "notify">;
  readonly version: string;
  readonly queueStats: () => Promise<QueueStats>;
  /** Tasks that this process runs. */
  readonly running: () => number;
  readonly now?: () => Date;
}

const OTHER = "other";
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Seconds. */
const QUICK = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const TASKS = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200];

type Sink = ReturnType<typeof createSink>;

export function createMeters(options: MetersOptions): Meters {
  let sink: Sink | null = null;
  let starting: Promise<Sink> | null = null;
  /** Only names that the settings have become labels: there is a bound on them. */
  const known = (name: string, names: Readonly<Record<string, unknown>>): string =>
    Object.hasOwn(names, name) ? name : OTHER;

  async function load(): Promise<Sink> {
    const { createMetrics } = await import("../lib/metrics/prometheus.ts");
    const { addProcessMetrics } = await import("../lib/metrics/process-metrics.ts");
    const metrics = createMetrics();
    addProcessMetrics(metrics);
    addQueueMetrics(metrics, options);
    sink = createSink(metrics);
    return sink;
  }

  const started = (): Promise<Sink> => (starting ??= load());

  return {
    get on() {
      return sink !== null;
    },
    delivery(name, verdict, ms) {
      if (sink === null) return;
      sink.deliveries({ source: known(name, options.settings().sources), verdict });
      if (ms !== null) sink.deliverySeconds({}, ms / 1_000);
    },
    attempt(name, result) {
      sink?.attempts({ endpoint: known(name, options.settings().notify), result });
    },
    request({ method, route, status }) {
      const labels = { method: METHODS.has(method) ? method : OTHER, route, status: String(status) };
      sink?.requests(labels);
    },
    storeCall(operation, ms) {
      sink?.storeSeconds({ operation }, ms / 1_000);
    },
    taskEnded({ action, outcome, startedAt }, now) {
      if (sink === null || startedAt === null) return;
      const labels = { action: known(action, options.settings().actions), outcome: outcome ?? OTHER };
      sink.taskSeconds(labels, Math.max(0, Date.parse(now) - Date.parse(startedAt)) / 1_000);
    },
    async start() {
      await started();
    },
    text: async () => (await started()).text(),
  };
}

function createSink(metrics: Metrics) {
  return {
    deliveries: metrics.counter({
      name: "hookwright_deliveries_total",
      help: "Webhooks by what became of them.",
    }),
    deliverySeconds: metrics.histogram(
      {
        name: "hookwright_delivery_duration_seconds",
        help: "From a webhook's last byte to the moment when it is stored and can be answered.",
      },
      QUICK,
    ),
    attempts: metrics.counter({
      name: "hookwright_outbound_attempts_total",
      help: "Attempts at sending a message; refused: the endpoint answered, but not with success.",
    }),
    requests: metrics.counter({
      name: "hookwright_http_requests_total",
      help: "Requests that were answered.",
    }),
    storeSeconds: metrics.histogram(
      {
        name: "hookwright_store_duration_seconds",
        help: "How long calls of the store took, waiting included.",
      },
      QUICK,
    ),
    taskSeconds: metrics.histogram(
      {
        name: "hookwright_task_duration_seconds",
        help: "From the start of a task to its end, undos included; of tasks that ended in this process.",
      },
      TASKS,
    ),
    text: () => metrics.text(),
  };
}

/** The store is asked so often and no more: a part of its time is spent on it, in which webhooks wait. */
const PAUSE_MS = 1_000;
const SHARE = 20;
/** A scrape is answered all the same when the store is away. */
const ANSWER_MS = 2_000;

function addQueueMetrics(metrics: Metrics, options: MetersOptions): void {
  const { version, running, queueStats, now = () => new Date() } = options;
  const read = sparing(queueStats);
  const fromStore =
    (samples: (stats: QueueStats) => ReturnType<Read>): Read =>
    async () => {
      const stats = await read();
      return stats === null ? [] : samples(stats);
    };
  metrics.gauge(
    { name: "hookwright_tasks", help: "Tasks in the store that have not ended, on all machines." },
    fromStore(({ waiting, held, running: active }) => [
      { labels: { state: "waiting" }, value: waiting },
      { labels: { state: "held" }, value: held },
      { labels: { state: "running" }, value: active },
    ]),
  );
  metrics.gauge(
    {
      name: "hookwright_queue_oldest_seconds",
      help: "For how long the first of the tasks that may start has waited; 0: none waits.",
    },
    fromStore(({ oldestAt }) => {
      const ms = oldestAt === null ? 0 : now().getTime() - Date.parse(oldestAt);
      return [{ value: Math.max(0, ms) / 1_000 }];
    }),
  );
  metrics.gauge(
    { name: "hookwright_store_up", help: "1: the store answered this scrape. 0: it did not." },
    async () => [{ value: (await read()) === null ? 0 : 1 }],
  );
  metrics.gauge({ name: "hookwright_running_tasks", help: "Tasks that this process runs." }, () => [
    { value: running() },
  ]);
  metrics.gauge({ name: "hookwright_build_info", help: "1, with the version of this process." }, () => [
    { labels: { version, node: process.version }, value: 1 },
  ]);
}

/** One answer for all who ask at once or soon after; null when there is none in time. */
function sparing<T>(ask: () => Promise<T>): () => Promise<T | null> {
  let last: { readonly answer: Promise<T | null>; goodUntil: number } | null = null;

  async function inTime(): Promise<T | null> {
    let found: T | null = null;
    const asked = ask().then(
      (answer) => {
        found = answer;
      },
      () => undefined,
    );
    await within(ANSWER_MS, asked);
    return found;
  }

  return () => {
    const begin = performance.now();
    if (last !== null && begin < last.goodUntil) return last.answer;
    const mine = { answer: inTime(), goodUntil: Number.POSITIVE_INFINITY };
    last = mine;
    void mine.answer.then(() => {
      const end = performance.now();
      mine.goodUntil = end + Math.max(PAUSE_MS, (end - begin) * SHARE);
    });
    return mine.answer;
  };
}
