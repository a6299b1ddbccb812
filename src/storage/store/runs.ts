import type { LogEntry, LogStream, StepRun } from "../../domain/task.ts";
import type { TaskOwner } from "./tasks.ts";

export interface NewLogEntry {
  readonly taskId: string;
  readonly time: string;
  readonly stream: LogStream;
  readonly step: number | null;
  readonly text: string;
}

/** What a run of a task leaves on record. See Store. */
export interface RunStore {
  /** Raises progress; never lowers it. */
  setProgress(input: {
    readonly id: string;
    readonly progress: number;
    readonly owner?: TaskOwner | undefined;
  }): Promise<void>;
  setMetadata(input: {
    readonly id: string;
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly owner?: TaskOwner | undefined;
  }): Promise<void>;
  /** Inserts or replaces the record of one step or undo. */
  putStep(input: {
    readonly taskId: string;
    readonly step: StepRun;
    readonly owner?: TaskOwner | undefined;
  }): Promise<void>;
  /** Mean duration in ms of each step's last 10 successful runs, by step index, for progress weights. */
  stepDurations(action: string): Promise<Readonly<Record<number, number>>>;
  /** Appends in order; returns the last sequence number. */
  appendLog(entries: readonly NewLogEntry[], owner?: TaskOwner): Promise<number>;
  listLog(input: {
    readonly taskId: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly LogEntry[]>;
}
