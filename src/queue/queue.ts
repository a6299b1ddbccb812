import type { ClaimedTask, TaskLoss } from "../storage/store.ts";

/** A task that only leads others takes no slot: it would wait for the slots that it holds itself. */
export const isLeader = ({ task }: ClaimedTask): boolean => task.maxParallel !== null;

/** What an engine beside the store has locked for a node. */
export interface Holdings {
  /** The names it locks by. */
  readonly pools: readonly string[];
  /** The jobs under way. */
  readonly jobs: readonly string[];
}

export interface TaskHandlers {
  /** Runs one claimed task to its end. Must not reject: what can go wrong ends up in the task's record. */
  run(claimed: ClaimedTask): Promise<void>;
  /** Goes on with a task whose node is lost. */
  recover(claimed: ClaimedTask, loss: TaskLoss): Promise<void>;
}

/**
 * Hands waiting tasks to runners, at least once. Tasks are enqueued by storing them (in the transaction
 * that stores their delivery); `wake` merely says that there may be new ones, or more slots for them.
 */
export interface Queue {
  /** Whether other nodes take tasks from it as well. Then it hands out the tasks of lost nodes too. */
  readonly shared: boolean;
  /** What the engine has locked for this node, for the record of nodes. */
  readonly holdings: Holdings;
  /** Begins to hand out tasks. */
  start(handlers: TaskHandlers): void;
  wake(): void;
  /** Hands out no more tasks. Resolves true when those under way have ended, false after `timeoutMs`. */
  drain(timeoutMs: number): Promise<boolean>;
  /** Ends at once, waiting for nothing. */
  stop(): void;
  /** Tasks under way on this node. */
  readonly running: number;
}
