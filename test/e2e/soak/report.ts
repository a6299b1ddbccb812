import { median } from "../../../bench/statistics.ts";
import type { EndpointCounts } from "./endpoints.ts";
import type { Followers } from "./followers.ts";
import type { Histogram } from "./histogram.ts";
import type { Ledger } from "./ledger.ts";
import type { Load } from "./load.ts";
import { flatness, isFlat, type Flatness } from "./memory.ts";
import type { SoakMemory, SoakOptions } from "./run.ts";

/** What must not be, case by case. */
export type SoakFaults = Readonly<
  Record<
    | "lost"
    | "stuck"
    | "orphans"
    | "ranTwice"
    | "startedTwice"
    | "wrongRepetitions"
    | "neverRan"
    | "notUndone"
    | "noticesMissing"
    | "wrongLogs"
    | "followersFailed",
    readonly string[]
  >
>;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface SoakReport {
  readonly options: Omit<SoakOptions, "onProgress">;
  readonly seconds: number;
  readonly kills: number;
  readonly restartMs: { readonly median: number; readonly longest: number };
  readonly load: Load["counts"];
  /** Of accepting. */
  readonly latencyMs: { readonly killed: Percentiles; readonly calm: Percentiles };
  /** Tasks by how they ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly followers: Omit<Followers["counts"], "failed">;
  readonly endpoints: Readonly<EndpointCounts>;
  readonly memory: { readonly killed: Flatness; readonly calm: Flatness; readonly peakMb: number };
  readonly faults: SoakFaults;
  readonly badSignatures: number;
  /** Servers that ended although nobody had killed them. */
  readonly died: number;
  /** Of the last server, after SIGTERM. */
  readonly exitCode: number | null;
}

export interface ReportInput {
  readonly options: SoakOptions;
  readonly seconds: number;
  readonly load: Load;
  readonly followers: Followers;
  readonly ledger: Ledger;
  readonly endpoints: { readonly told: ReadonlySet<string>; readonly counts: Readonly<EndpointCounts> };
  readonly memory: SoakMemory;
  readonly restarts: readonly number[];
  readonly latency: { readonly killed: Histogram; readonly calm: Histogram };
  readonly died: number;
  readonly exitCode: number | null;
  readonly leftRunning: readonly string[];
  /** Tasks, one entry for each time; see settings.ts. */
  readonly once: readonly string[];
  readonly ran: readonly string[];
  readonly undone: readonly string[];
}

export function makeReport(input: ReportInput): SoakReport {
  const { load, followers, ledger, endpoints, memory, restarts } = input;
  const { onProgress: _onProgress, ...options } = input.options;
  const { failed, ...followed } = followers.counts;
  const outcomes = Map.groupBy(ledger.ended, ({ outcome }) => outcome);
  return {
    options,
    seconds: input.seconds,
    kills: restarts.length,
    restartMs: { median: median(restarts), longest: Math.max(0, ...restarts) },
    load: load.counts,
    latencyMs: { killed: percentiles(input.latency.killed), calm: percentiles(input.latency.calm) },
    outcomes: Object.fromEntries([...outcomes].map(([outcome, some]) => [outcome, some.length])),
    followers: followed,
    endpoints: endpoints.counts,
    memory: { killed: flatness(memory.killed), calm: flatness(memory.calm), peakMb: memory.peakMb },
    faults: {
      ...ledger.faults,
      ...commandFaults(input),
      stuck: ledger.open(),
      orphans: input.leftRunning,
      wrongRepetitions: load.counts.wrongRepetitions,
      noticesMissing: ledger.ended.flatMap(({ id }) => (endpoints.told.has(id) ? [] : id)),
      followersFailed: failed,
    },
    badSignatures: endpoints.counts.badSignatures,
    died: input.died,
    exitCode: input.exitCode,
  };
}

const percentiles = (histogram: Histogram): Percentiles => ({
  p50: histogram.percentile(0.5),
  p99: histogram.percentile(0.99),
});

function commandFaults({ once, ran, undone, ledger }: ReportInput) {
  const [didRun, wasUndone, seen] = [new Set(ran), new Set(undone), new Set<string>()];
  const ended = (outcome: string) => ledger.ended.filter((task) => task.outcome === outcome);
  return {
    ranTwice: once.filter((id) => seen.size === seen.add(id).size),
    neverRan: ended("succeeded").flatMap(({ id }) => (didRun.has(id) ? [] : id)),
    notUndone: ended("failed").flatMap(({ id, action }) =>
      action !== "fail" || wasUndone.has(id) ? [] : id,
    ),
  };
}

/** Below that a server still grows to its size. */
const MEMORY_MINUTES = 10;
export const judgesMemory = ({ options }: SoakReport): boolean => options.minutes >= MEMORY_MINUTES;

/** Of what must not be, how much there was. */
export function faultCount(report: SoakReport): number {
  const { faults, badSignatures, died, exitCode, memory } = report;
  const grown = judgesMemory(report)
    ? [memory.killed, memory.calm].filter((each) => !isFlat(each)).length
    : 0;
  const cases = Object.values(faults).reduce((sum, found) => sum + found.length, 0);
  return cases + badSignatures + died + (exitCode === 0 ? 0 : 1) + grown;
}
