import type { Delivery } from "./delivery.ts";
import type { Task } from "./task.ts";
import { isEnded } from "./task-machine.ts";

/** What endpoints can be told. */
export const NOTICE_TYPES = [
  /** Taken in: it waits to run. Again, once it is to be run again after a crash. */
  "task.queued",
  "task.started",
  /** Ended with success. */
  "task.completed",
  /** Failed, took too long, was lost, or could not be undone. */
  "task.failed",
  /** Cancelled, superseded or rejected. */
  "task.cancelled",
  /** In the place of `task.completed`: the first success after failures that were grouped. */
  "task.recovered",
  /** An authentic webhook that could not be used, or asked for a rollback that was refused. */
  "delivery.rejected",
  /** Somebody wants to see whether an endpoint works. */
  "endpoint.test",
] as const;
export type NoticeType = (typeof NOTICE_TYPES)[number];

/** Something that endpoints are told. */
export interface Notice {
  /** UUID v7. */
  readonly id: string;
  readonly type: NoticeType;
  /** RFC 3339 UTC with milliseconds. */
  readonly at: string;
  /** As it is when the notice is first looked at; of one that has ended nothing changes any more. */
  readonly task: Task | null;
  readonly delivery: Delivery | null;
  /** Of grouped failures, and of the recovery from them: how many there have been since the last success; else 0. */
  readonly failures: number;
}

/** What the phase that a task has just reached is told as; null: as nothing. */
export function noticeOf({ state, outcome }: Pick<Task, "state" | "outcome">): NoticeType | null {
  if (state === "ENQUEUED") return "task.queued";
  if (state === "RUNNING") return "task.started";
  if (!isEnded(state)) return null;
  if (state === "FAILED_CANCELLING") return "task.failed";
  switch (outcome) {
    case "succeeded":
      return "task.completed";
    case "cancelled":
    case "superseded":
    case "rejected":
      return "task.cancelled";
    default:
      return "task.failed";
  }
}

/** Failures of one action that an endpoint is told of together. */
export interface Incident {
  readonly endpoint: string;
  readonly action: string;
  /** Since the last success. */
  readonly failures: number;
  /** When the endpoint was last told. */
  readonly toldAt: string;
  /** Counts changes: who decides by an older one has been outrun. */
  readonly version: number;
}
