import type { TaskOutcome, TaskState } from "./task.ts";

/** What can happen to a task. */
export type TaskSignal =
  | { readonly type: "start" }
  /** All steps done. */
  | { readonly type: "complete" }
  /** A step failed, the time was up, somebody cancelled, the node was lost: whatever stops a run before its end. */
  | { readonly type: "stop"; readonly outcome: Exclude<TaskOutcome, "succeeded" | "rejected"> }
  /** All undos done. */
  | { readonly type: "undone" }
  | { readonly type: "undo_failed" }
  /** The node died and the action says `on_crash: retry`. */
  | { readonly type: "requeue" }
  /** Not let into its concurrency group. */
  | { readonly type: "reject" };

export interface TaskPhase {
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
}

const ENDED: ReadonlySet<TaskState> = new Set(["COMPLETED", "CANCELLED", "FAILED_CANCELLING"]);

export const isEnded = (state: TaskState): boolean => ENDED.has(state);

/** kapp-api.md: only a task that runs or waits can be cancelled. */
export const isCancellable = (state: TaskState): boolean => state === "ENQUEUED" || state === "RUNNING";

/**
 * The task's state machine: the phase after `signal`, or null when the signal makes no sense in this phase
 * (a late cancel, a second completion); callers treat null as "somebody was faster" and change nothing.
 */
export function nextPhase(phase: TaskPhase, signal: TaskSignal): TaskPhase | null {
  switch (phase.state) {
    case "ENQUEUED":
      if (signal.type === "start") return { state: "RUNNING", outcome: null };
      // Nothing has run, so there is nothing to undo.
      if (signal.type === "stop") return { state: "CANCELLED", outcome: signal.outcome };
      if (signal.type === "reject") return { state: "CANCELLED", outcome: "rejected" };
      return null;
    case "RUNNING":
      if (signal.type === "complete") return { state: "COMPLETED", outcome: "succeeded" };
      if (signal.type === "stop") return { state: "CANCELLING", outcome: signal.outcome };
      if (signal.type === "requeue") return { state: "ENQUEUED", outcome: null };
      return null;
    case "CANCELLING":
      if (signal.type === "undone") return { state: "CANCELLED", outcome: phase.outcome };
      if (signal.type === "undo_failed") return { state: "FAILED_CANCELLING", outcome: phase.outcome };
      return null;
    default:
      return null;
  }
}
