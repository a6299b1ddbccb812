import type { ClaimedTask } from "../storage/store.ts";

/** Runs one claimed task to its end. Must not reject: what can go wrong ends up in the task's record. */
export type TaskHandler = (claimed: ClaimedTask) => Promise<void>;

/**
 * Hands waiting tasks to runners, at least once. Tasks are enqueued by storing them (in the transaction
 * that stores their delivery); `wake` merely says that there may be new ones.
 */
export interface Queue {
  /** Begins to hand tasks to `handler`. */
  start(handler: TaskHandler): void;
  wake(): void;
  /** Hands out no more tasks. Resolves true when those under way have ended, false after `timeoutMs`. */
  drain(timeoutMs: number): Promise<boolean>;
  /** Ends at once, waiting for nothing. */
  stop(): void;
  /** Tasks under way on this node. */
  readonly running: number;
}
