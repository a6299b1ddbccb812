import type { Concurrency } from "../../domain/action.ts";
import type { Approval, Hold } from "../../domain/hold.ts";
import type { NoticeType } from "../../domain/notice.ts";
import type { TaskReport } from "../../domain/report.ts";
import type { TaskSignal } from "../../domain/task-machine.ts";
import type { StartedBy, Task, TaskOutcome, TaskState } from "../../domain/task.ts";
import type { Page } from "./page.ts";

/** A task to be stored, waiting. Times are RFC 3339 UTC with milliseconds everywhere. */
export interface NewTask {
  readonly id: string;
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly concurrency: Concurrency;
  readonly startedBy: StartedBy;
  readonly deliveryId: string | null;
  readonly settingsDigest: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Labels of the nodes that it may run on, any one of them; default: any node. */
  readonly runsOn?: readonly string[] | null;
  /** See Task. */
  readonly parentId?: string | null;
  readonly maxParallel?: number | null;
  /** Why it may not start yet. Its group's policy is then applied once it may. */
  readonly hold?: Hold | null;
  readonly approval?: Approval | null;
  /** For the first line of its log. */
  readonly note?: string;
  /** What of it endpoints are told; default: nothing. */
  readonly notify?: readonly NoticeType[];
  /** See Task. */
  readonly correlation?: Readonly<Record<string, string>>;
  readonly report?: TaskReport | null;
  readonly createdAt: string;
}

export interface StartedTask {
  readonly id: string;
  readonly action: string;
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
  readonly hold: Hold | null;
  /** What its starter should know; of tasks that have just been stored only. */
  readonly note: string | null;
}

/** A stored task, and what it has put an end to. */
export interface InsertedTask {
  readonly task: StartedTask;
  /** Tasks that ran and are CANCELLING now because of it: the caller ends their commands. */
  readonly superseded: readonly string[];
}

/** What comes after a hold: the task may start, is held again, or ends as `rejected`. */
export type AfterHold =
  | { readonly type: "release" }
  | { readonly type: "hold"; readonly hold: Hold }
  | { readonly type: "reject"; readonly reason: string };

export interface ClaimedTask {
  readonly task: Task;
  readonly settingsDigest: string;
}

export interface TaskFilter {
  /** Only of these. */
  readonly actions?: readonly string[] | undefined;
  readonly action?: string | undefined;
  readonly state?: TaskState | undefined;
  readonly outcome?: TaskOutcome | undefined;
  readonly deliveryId?: string | undefined;
  readonly parentId?: string | undefined;
  /**
   * Only tasks whose id, action, params or reason hold this text, whatever its case. A page of a search looks at 20,000
   * tasks and no more, so it may hold few or none and still have a next one.
   */
  readonly search?: string | undefined;
  readonly cursor?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

/**
 * Who writes as the one that runs a task. A node that froze, or was cut off, may find that another has taken over; so may
 * a run whose task was taken up again. Then the write is refused with AppError `task:not_owner`.
 */
export interface TaskOwner {
  readonly node: string;
  readonly attempt: number;
}

/** What a task that is taken over has come through. */
export interface TaskLoss {
  /** See adoptTask. */
  readonly deaths: number;
  /** The id of the node that was lost. */
  readonly node: string | null;
}

export type TakenTask =
  | { readonly type: "run"; readonly claimed: ClaimedTask }
  | { readonly type: "recover"; readonly claimed: ClaimedTask; readonly loss: TaskLoss }
  /** Nothing to do: it has ended, or a node that lives has it. */
  | { readonly type: "none" }
  /** Something of its group runs, or what comes first is for other nodes; it will be looked at again. */
  | { readonly type: "later" };

/** Tasks, from their storing to their end. See Store. */
export interface TaskStore {
  /** Stores a task that no delivery started (manual, retry). `owner`: who runs the task that it is to be a part of. */
  createTask(task: NewTask, owner?: TaskOwner): Promise<InsertedTask>;
  /** Held tasks whose time has come, the first first; and when the next one's comes. */
  dueTasks(input: {
    readonly now: string;
    readonly limit: number;
  }): Promise<{ readonly due: readonly Task[]; readonly next: string | null }>;
  /** Held tasks of one type, whenever their time comes. */
  heldTasks(type: Hold["type"]): Promise<readonly Task[]>;
  /**
   * Ends a hold, in one transaction with the note of it in the task's log. Null when the task is no longer held like that:
   * somebody was faster. The policy of its concurrency group is applied when it may start; `reject` may end it then.
   */
  settleHold(input: {
    readonly id: string;
    /** The hold that was looked at. */
    readonly hold: Pick<Hold, "type" | "until">;
    readonly after: AfterHold;
    /** To be kept with it. */
    readonly approval?: Approval | undefined;
    /** For the log. */
    readonly note: string;
    readonly now: string;
  }): Promise<InsertedTask | null>;
  getTask(id: string): Promise<Task | null>;
  /** See Task.number. */
  getTaskByNumber(number: number): Promise<Task | null>;
  listTasks(filter: TaskFilter): Promise<Page<Task>>;
  /**
   * Takes up to `limit` waiting tasks that are not held, oldest first, never two of one group and none of a group that has
   * a running or cancelling task; they become RUNNING, owned by `node`.
   */
  claimTasks(input: {
    readonly node: string;
    /** Tasks that name labels are taken only by a node that has one of them. */
    readonly labels: readonly string[];
    readonly limit: number;
    readonly now: string;
  }): Promise<readonly ClaimedTask[]>;
  /**
   * Takes the task, or the one that comes first in its group, if it is time for that: to run it, or to recover it from a
   * node that is lost.
   */
  takeTask(input: {
    readonly id: string;
    readonly node: string;
    readonly labels: readonly string[];
    readonly now: string;
  }): Promise<TakenTask>;
  /** RUNNING and CANCELLING tasks that other nodes hold, dead or alive. */
  orphanedTasks(input: { readonly node: string }): Promise<readonly ClaimedTask[]>;
  /**
   * Makes `node` the owner of an orphan. Resolves with how many owners it has lost, this one included, since it was
   * claimed, or since it was stopped if it was.
   */
  adoptTask(input: { readonly id: string; readonly node: string }): Promise<number>;
  /**
   * Applies a signal through the state machine; null when it did not apply. `requeue` adds one to `attempt`, and clears
   * steps' records, startedAt and owner, but not progress.
   */
  transition(input: {
    readonly id: string;
    readonly signal: TaskSignal;
    readonly reason: string | null;
    readonly now: string;
    readonly owner?: TaskOwner | undefined;
  }): Promise<Task | null>;
  /** The newest task of an action that is no part of another; null without any. */
  lastTaskOf(action: string): Promise<{ readonly id: string; readonly settingsDigest: string } | null>;
}
