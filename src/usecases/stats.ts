import { setTimeout as delay } from "node:timers/promises";
import type { SourceStats, Store, TaskStats } from "../storage/store.ts";
import type { Hub } from "./hub.ts";
import type { Services } from "./services.ts";

/** In milliseconds: so long, or less, half of the tasks took, nine tenths, all but one of a hundred. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface TaskStatistics {
  /** RFC 3339. */
  readonly since: string;
  readonly hours: TaskStats["hours"];
  /** Of the last tasks that succeeded; null without any. */
  readonly succeeded: {
    readonly tasks: number;
    /** From the webhook, or the command, to the end. */
    readonly total: Percentiles;
    /** Of it, before the first step. */
    readonly waited: Percentiles;
  } | null;
}

/** How the tasks of the last days went, and what the sources sent. */
export interface Stats {
  tasks(days: number): Promise<TaskStatistics>;
  sources(): Promise<readonly SourceStats[]>;
}

const DAY_MS = 24 * 60 * 60_000;
/** The store is asked so often and no more. */
const PAUSE_MS = 1_000;
/**
 * Of a database's time counting may take one part in so many: a million tasks that ended within the days asked for take
 * two seconds, in which webhooks wait. Then an answer that changes have overtaken has to do for a while.
 */
const SHARE = 20;
/** Without any change an answer is still about a span of time that moves on. */
const KEPT_MS = 60_000;

interface Kept {
  readonly answer: Promise<unknown>;
  /** When it was asked for; null: it waits for its turn. */
  asked: { readonly at: number; readonly changes: number } | null;
  /** Milliseconds that the answer took. */
  took: number;
}

/** Whoever asks gets an answer that no change has overtaken, unless that costs too much; many viewers share one. */
export function createStats({ store, now, hub }: StatsServices): Stats {
  const kept = new Map<string, Kept>();
  let changes = 0;
  hub.watchAll(() => {
    changes += 1;
  });

  function isGood({ asked, took }: Kept): boolean {
    if (asked === null) return true;
    const age = performance.now() - asked.at;
    const isDear = took * SHARE > PAUSE_MS && age < took * SHARE;
    return isDear || (asked.changes === changes && age < KEPT_MS);
  }

  function shared<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = kept.get(key);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key always stands for the same question
    if (known !== undefined && isGood(known)) return known.answer as Promise<T>;
    const pause = known?.asked ? Math.max(0, known.asked.at + PAUSE_MS - performance.now()) : 0;
    const inTurn = async (): Promise<T> => {
      if (pause > 0) await delay(pause);
      next.asked = { at: performance.now(), changes };
      const answer = await ask();
      next.took = performance.now() - next.asked.at;
      return answer;
    };
    const next: Kept = { answer: Promise.resolve().then(inTurn), asked: null, took: 0 };
    kept.set(key, next);
    next.answer.catch(() => kept.delete(key));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return next.answer as Promise<T>;
  }

  return {
    tasks: (days) => shared(`tasks:${days}`, () => taskStatistics(store, days, now())),
    sources: () => shared("sources", () => store.sourceStats()),
  };
}

interface StatsServices extends Pick<Services, "now"> {
  readonly store: StatsStore;
  readonly hub: Pick<Hub, "watchAll">;
}

type StatsStore = Pick<Store, "taskStats" | "sourceStats">;

async function taskStatistics(store: StatsStore, days: number, now: Date): Promise<TaskStatistics> {
  const since = new Date(now.getTime() - days * DAY_MS).toISOString();
  const { hours, succeeded } = await store.taskStats({ since });
  if (succeeded.length === 0) return { since, hours, succeeded: null };
  const total = succeeded.map(({ createdAt, endedAt }) => between(createdAt, endedAt));
  const waited = succeeded.map(({ createdAt, startedAt }) => between(createdAt, startedAt ?? createdAt));
  return {
    since,
    hours,
    succeeded: {
      tasks: succeeded.length,
      total: percentiles(total),
      waited: percentiles(waited),
    },
  };
}

/** Clocks of several servers may disagree: never below 0. */
const between = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from));

/** By nearest rank. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
