import type { TaskOutcome } from "../../domain/task.ts";

export interface TaskStats {
  /** Of tasks that are no parts, by the UTC hour of their end (`2026-01-31T09`) and how they ended. */
  readonly hours: readonly { readonly hour: string; readonly outcome: TaskOutcome; readonly tasks: number }[];
  /** The times of the last ones that succeeded, at most 1,000. */
  readonly succeeded: readonly {
    readonly createdAt: string;
    readonly startedAt: string | null;
    readonly endedAt: string;
  }[];
}

/** What the last 10,000 deliveries tell of one source. */
export interface SourceStats {
  readonly source: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly lastAt: string;
}

/** How much there is to do. */
export interface QueueStats {
  /** Tasks that may start. */
  readonly waiting: number;
  /** Tasks that may not start yet: approval, freeze, tests, debounce. */
  readonly held: number;
  /** Running and cancelling ones, on whatever node. */
  readonly running: number;
  /** When the first of those that may start was stored; RFC 3339. Null: none waits. */
  readonly oldestAt: string | null;
}

/** What there is, in numbers. See Store. */
export interface StatsStore {
  /** Of tasks that have ended since then. */
  taskStats(input: { readonly since: string }): Promise<TaskStats>;
  sourceStats(): Promise<readonly SourceStats[]>;
  queueStats(): Promise<QueueStats>;
  /** Adds to a named counter (refused requests by source and reason). */
  count(input: { readonly name: string; readonly source: string; readonly by: number }): Promise<void>;
  counters(): Promise<readonly { readonly name: string; readonly source: string; readonly value: number }[]>;
}
