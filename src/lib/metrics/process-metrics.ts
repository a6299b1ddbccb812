import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metrics } from "./metrics.ts";

const MICROSECONDS = 1e6;
const NANOSECONDS = 1e9;
const LAG_RESOLUTION_MS = 10;
const QUANTILES = ["0.5", "0.99"] as const;

/** What Prometheus' own client libraries tell of a process, under the same names, and how late its event loop is. */
export function addProcessMetrics(metrics: Metrics): void {
  const cpu = { name: "process_cpu_seconds_total", help: "CPU time of the process, user and system." };
  metrics.total(cpu, () => {
    const { user, system } = process.cpuUsage();
    return [{ value: (user + system) / MICROSECONDS }];
  });
  const memory = { name: "process_resident_memory_bytes", help: "Memory of the process." };
  metrics.gauge(memory, () => [{ value: process.memoryUsage.rss() }]);
  const heap = { name: "nodejs_heap_size_used_bytes", help: "Heap of the main thread in use." };
  metrics.gauge(heap, () => [{ value: process.memoryUsage().heapUsed }]);
  const startedAt = Date.now() / 1_000 - process.uptime();
  const start = { name: "process_start_time_seconds", help: "When the process began, in Unix time." };
  metrics.gauge(start, () => [{ value: startedAt }]);
  addLag(metrics);
}

/** Between two scrapes. */
function addLag(metrics: Metrics): void {
  const delays = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delays.enable();
  // The histogram holds how long the timer took, which is never less than its own interval.
  const seconds = (nanoseconds: number): number =>
    Math.max(0, nanoseconds / NANOSECONDS - LAG_RESOLUTION_MS / 1_000);
  const lag = {
    name: "hookwright_event_loop_lag_seconds",
    help: "How late the event loop was since the last scrape, by quantile; 1 is the longest.",
  };
  metrics.gauge(lag, () => {
    const samples = QUANTILES.map((quantile) => ({
      labels: { quantile },
      value: delays.count === 0 ? 0 : seconds(delays.percentile(Number(quantile) * 100)),
    }));
    const longest = { labels: { quantile: "1" }, value: delays.count === 0 ? 0 : seconds(delays.max) };
    delays.reset();
    return [...samples, longest];
  });
}
