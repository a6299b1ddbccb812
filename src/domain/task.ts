import type { Approval, Hold } from "./hold.ts";
import type { TaskReport } from "./report.ts";

/** K-App's six states (kapp-api.md); the wire of the K-App API shows exactly these. */
export const TASK_STATES = [
  "ENQUEUED",
  "RUNNING",
  "COMPLETED",
  "CANCELLING",
  "CANCELLED",
  "FAILED_CANCELLING",
] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** How an ended task ended. Null while it has not. */
export const TASK_OUTCOMES = [
  "succeeded",
  "failed",
  "timed_out",
  "cancelled",
  "superseded",
  "rejected",
  "lost",
] as const;
export type TaskOutcome = (typeof TASK_OUTCOMES)[number];

export type StartedBy =
  | ({ readonly type: "delivery"; readonly deliveryId: string; readonly rule: number } & OfEvent)
  | ({ readonly type: "retry"; readonly taskId: string; readonly by: string } & OfEvent)
  /** One of several, each on another node, of a task that runs on each of them. */
  | {
      readonly type: "part";
      readonly taskId: string;
      readonly node: string;
      readonly eventIndex?: number | undefined;
    }
  /** Undoes what a part of the task has done, on the same node. */
  | {
      readonly type: "undo";
      readonly taskId: string;
      readonly part: string;
      readonly eventIndex?: number | undefined;
    }
  /** Goes back to an older release of an app, on one machine. */
  | {
      readonly type: "rollback";
      readonly by: string;
      readonly app: string;
      /** Null: the last healthy one before that in use. */
      readonly release: string | null;
      /** The task that made the release. */
      readonly taskId: string;
      readonly eventIndex?: number | undefined;
    }
  | { readonly type: "manual"; readonly by: string };

interface OfEvent {
  /** Which of its delivery's events it was started for, from 0, where the delivery tells of several. Default 0. */
  readonly eventIndex?: number | undefined;
}

/** One execution of an action. */
export interface Task {
  /** UUID v7. */
  readonly id: string;
  /** Counts the tasks of the store; for what needs a number in the place of an id. */
  readonly number: number;
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly state: TaskState;
  /** Decided when the task leaves RUNNING (so CANCELLING tells why); final when it has ended. */
  readonly outcome: TaskOutcome | null;
  /** A sentence: which step failed with what exit code, who cancelled, which task superseded it. */
  readonly reason: string | null;
  /** 0 to 100, never going back. */
  readonly progress: number;
  readonly startedBy: StartedBy;
  readonly deliveryId: string | null;
  /** Concurrency group, or null when tasks of the action may run side by side. */
  readonly group: string | null;
  /** Labels of the nodes that it may run on, any one of them; null: any node. */
  readonly runsOn: readonly string[] | null;
  /** The task that this one is a part of. */
  readonly parentId: string | null;
  /** Of its parts, so many run at a time; null: it has none and runs its steps itself. */
  readonly maxParallel: number | null;
  /** Name of the node that runs it, or ran it last. */
  readonly node: string | null;
  /** Counts runs of this same task: 1, and more after `on_crash: retry`. */
  readonly attempt: number;
  /** Place in the queue, 1 = next. Null unless ENQUEUED and not held. */
  readonly position: number | null;
  /** Why it may not start yet; null unless ENQUEUED. */
  readonly hold: Hold | null;
  /** Null: it needs nobody's word. */
  readonly approval: Approval | null;
  /** RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
  readonly startedAt: string | null;
  /** Set when COMPLETED or CANCELLING is reached (kapp-api.md), later kept. */
  readonly endedAt: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What whoever started it wants to hear back in what endpoints are told. */
  readonly correlation: Readonly<Record<string, string>>;
  /** The commit whose forge is told how it goes; null: none is. */
  readonly report: TaskReport | null;
  readonly steps: readonly StepRun[];
}

export type StepState = "running" | "succeeded" | "failed" | "cancelled" | "skipped";

/** How one step, or one undo, of a task went. */
export interface StepRun {
  /** Index in the action's steps. */
  readonly index: number;
  readonly phase: "run" | "undo";
  readonly name: string;
  readonly kind: string;
  readonly state: StepState;
  readonly exitCode: number | null;
  /** Names and values for `${{ steps.NAME.outputs.KEY }}`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export type LogStream = "stdout" | "stderr" | "system";

/** One line or state change of a task. */
export interface LogEntry {
  /** One ascending sequence over all tasks; the changes feed and `Last-Event-ID` use it. */
  readonly seq: number;
  readonly taskId: string;
  readonly time: string;
  readonly stream: LogStream;
  /** Step index, or null for the task itself. */
  readonly step: number | null;
  readonly text: string;
}

/** K-App's reporter object, keys in its order. */
export interface Reporter {
  readonly id: string;
  readonly state: TaskState;
  readonly progress: number;
  readonly startDate: string | null;
  readonly endDate: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export function toReporter(task: Task): Reporter {
  return {
    id: task.id,
    state: task.state,
    progress: Math.floor(task.progress),
    startDate: task.startedAt,
    endDate: task.endedAt,
    metadata: task.metadata,
  };
}

/** See StartedBy. */
export const eventIndexOf = (by: StartedBy): number | undefined =>
  by.type === "manual" ? undefined : by.eventIndex;
