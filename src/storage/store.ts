import type { Delivery } from "../domain/delivery.ts";
import type {
  LogEntry,
  LogStream,
  StartedBy,
  StepRun,
  StepState,
  Task,
  TaskOutcome,
  TaskState,
} from "../domain/task.ts";
import type { TaskSignal } from "../domain/task-machine.ts";
import type { Concurrency } from "../domain/action.ts";

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
  readonly createdAt: string;
}

export interface NewDelivery {
  readonly delivery: Delivery;
  readonly body: Buffer;
  /** See BoundSource.authenticate; null where the kind's fingerprints are not unique. */
  readonly fingerprint: string | null;
  /** Fingerprints older than this no longer count as the same delivery. */
  readonly fingerprintsSince: string;
  readonly tasks: readonly NewTask[];
}

export interface StoredDelivery {
  readonly deliveryId: string;
  /** True when it had come before; then the rest is what the first one led to. */
  readonly duplicate: boolean;
  readonly verdict: Delivery["verdict"];
  readonly reason: string | null;
  readonly tasks: readonly StartedTask[];
  /** Tasks that ran and are CANCELLING now because of this one: the caller ends their commands. */
  readonly superseded: readonly string[];
}

export interface StartedTask {
  readonly id: string;
  readonly action: string;
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
}

export interface ClaimedTask {
  readonly task: Task;
  readonly settingsDigest: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as `cursor` to get the next page; null at the end. */
  readonly next: string | null;
}

export interface TaskFilter {
  readonly action?: string | undefined;
  readonly state?: TaskState | undefined;
  readonly outcome?: TaskOutcome | undefined;
  readonly deliveryId?: string | undefined;
  readonly cursor?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

export interface DeliveryFilter {
  readonly source?: string | undefined;
  readonly verdict?: Delivery["verdict"] | undefined;
  readonly event?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface NewLogEntry {
  readonly taskId: string;
  readonly time: string;
  readonly stream: LogStream;
  readonly step: number | null;
  readonly text: string;
}

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/**
 * Everything the product asks of its database. Each call is one transaction, all or nothing; when a call
 * resolves, its writes have been fsynced. Calls reject with AppError `store:unavailable` when the database fails.
 * Lists are newest first, logs oldest first.
 */
export interface Store {
  /** Stores a delivery and its tasks, applying each task's concurrency policy; a repeated one changes nothing. */
  storeDelivery(input: NewDelivery): Promise<StoredDelivery>;
  getDelivery(id: string): Promise<Delivery | null>;
  getDeliveryBody(id: string): Promise<Buffer | null>;
  listDeliveries(filter: DeliveryFilter): Promise<Page<Delivery>>;
  /** Tasks a delivery started. */
  tasksOfDelivery(deliveryId: string): Promise<readonly StartedTask[]>;

  /** Stores a task that no delivery started (manual, retry). */
  createTask(task: NewTask): Promise<{ readonly task: StartedTask; readonly superseded: readonly string[] }>;
  getTask(id: string): Promise<Task | null>;
  listTasks(filter: TaskFilter): Promise<Page<Task>>;
  /**
   * Takes up to `limit` waiting tasks, oldest first, never two of one group and none of a group that has a
   * running or cancelling task; they become RUNNING with a lease of `node`.
   */
  claimTasks(input: {
    readonly node: string;
    readonly limit: number;
    readonly now: string;
    readonly leaseUntil: string;
  }): Promise<readonly ClaimedTask[]>;
  renewLeases(input: { readonly node: string; readonly leaseUntil: string }): Promise<void>;
  /** RUNNING and CANCELLING tasks that other nodes hold and whose lease ended before `now` (all others' when `now` is null). */
  orphanedTasks(input: {
    readonly node: string;
    readonly now: string | null;
  }): Promise<readonly ClaimedTask[]>;
  /**
   * Makes `node` the owner of an orphan. Resolves with how many owners it has lost, this one included, since it was
   * claimed, or since it was stopped if it was.
   */
  adoptTask(input: {
    readonly id: string;
    readonly node: string;
    readonly leaseUntil: string;
  }): Promise<number>;
  /**
   * Applies a signal through the state machine; null when it did not apply. `requeue` adds one to `attempt`, and clears
   * steps' records, startedAt and owner, but not progress.
   */
  transition(input: {
    readonly id: string;
    readonly signal: TaskSignal;
    readonly reason: string | null;
    readonly now: string;
  }): Promise<Task | null>;
  /** Raises progress; never lowers it. */
  setProgress(input: { readonly id: string; readonly progress: number }): Promise<void>;
  setMetadata(input: {
    readonly id: string;
    readonly metadata: Readonly<Record<string, unknown>>;
  }): Promise<void>;

  /** Inserts or replaces the record of one step or undo. */
  putStep(input: { readonly taskId: string; readonly step: StepRun }): Promise<void>;
  /** Mean duration in ms of each step's last 10 successful runs, by step index, for progress weights. */
  stepDurations(action: string): Promise<Readonly<Record<number, number>>>;

  /** Appends in order; returns the last sequence number. */
  appendLog(entries: readonly NewLogEntry[]): Promise<number>;
  listLog(input: {
    readonly taskId: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly LogEntry[]>;

  /** Adds to a named counter (refused requests by source and reason). */
  count(input: { readonly name: string; readonly source: string; readonly by: number }): Promise<void>;
  counters(): Promise<readonly { readonly name: string; readonly source: string; readonly value: number }[]>;

  /** Keeps a settings text, so that a task can be recovered by the settings it started with. */
  saveSettings(input: {
    readonly digest: string;
    readonly text: string;
    readonly now: string;
  }): Promise<void>;
  getSettings(digest: string): Promise<string | null>;

  createToken(input: {
    readonly id: string;
    readonly name: string;
    readonly hash: string;
    readonly scopes: readonly string[];
    readonly createdAt: string;
    readonly expiresAt: string | null;
  }): Promise<void>;
  /** By the SHA-256 (hex) of the token; revoked and expired ones too. */
  findToken(hash: string): Promise<TokenRow | null>;
  listTokens(): Promise<readonly TokenRow[]>;
  touchToken(input: { readonly id: string; readonly now: string }): Promise<void>;
  /** False when there is no such live token. `ref` is an id or a name. */
  revokeToken(input: { readonly ref: string; readonly now: string }): Promise<boolean>;

  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type { StepState };
