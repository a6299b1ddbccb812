import type { AuditEvent } from "../domain/audit.ts";
import type { QueueStats } from "./queue-stats.ts";
import type { Delivery } from "../domain/delivery.ts";
import type { DeployEntry, NewDeploy } from "../domain/deploy.ts";
import type { Approval, Hold } from "../domain/hold.ts";
import type { Release } from "../domain/release.ts";
import type { AttemptResult, EndpointState } from "../domain/endpoint-state.ts";
import type { Message, MessageState } from "../domain/message.ts";
import type { Incident, Notice, NoticeType } from "../domain/notice.ts";
import type { TaskReport } from "../domain/report.ts";
import type { HealthEntry } from "../domain/rollback.ts";
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
import type { User, UserToken } from "../domain/user.ts";
import type { Concurrency } from "../domain/action.ts";
import type { AuditCalls } from "./audit-calls.ts";
import type { ReportStore } from "./report-store.ts";

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

export interface NewDelivery {
  readonly delivery: Delivery;
  readonly body: Buffer;
  /** See BoundSource.authenticate; null where the kind's fingerprints are not unique. */
  readonly fingerprint: string | null;
  /** Fingerprints older than this no longer count as the same delivery. */
  readonly fingerprintsSince: string;
  readonly tasks: readonly NewTask[];
  /** What the deploy API is to tell of it. */
  readonly deploy?: NewDeploy | null;
  /** To be remembered of an application's health with it. */
  readonly health?: NewHealthEntry | null;
  /** Endpoints are told of it, if it is rejected. Default false. */
  readonly notify?: boolean;
  /** To be recorded for each task that it starts; what is done, and to what, is the task's. */
  readonly audit?: AuditEvent | null;
}

/** A delivery in a store that others are filled from. */
export interface QueuedDelivery extends Pick<NewDelivery, "delivery" | "fingerprint"> {
  readonly seq: number;
}

export interface NewHealthEntry extends Omit<HealthEntry, "vain"> {
  readonly source: string;
  /** Empty: the source stands for one application. */
  readonly app: string;
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

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as `cursor` to get the next page; null at the end. */
  readonly next: string | null;
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

export const NODE_ROLES = ["receive", "work"] as const;
export type NodeRole = (typeof NODE_ROLES)[number];

export interface Heartbeat {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly roles: readonly NodeRole[];
  /** What the queue engine calls the node. */
  readonly pools: readonly string[];
  readonly version: string;
  readonly leaseMs: number;
}

export interface HandOn {
  readonly leaseMs: number;
  /** What the queue engine has locked for the node that asks: what it does not know of is freed. */
  readonly pools: readonly string[];
  readonly jobs: readonly string[];
}

/** A RUNNING or CANCELLING task, to its owner. */
export interface HeldTask {
  readonly id: string;
  readonly state: TaskState;
  readonly reason: string | null;
}

export interface NodeInfo {
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly roles: readonly NodeRole[];
  readonly version: string;
  readonly startedAt: string;
  readonly seenAt: string;
  /** False when its lease is over. */
  readonly alive: boolean;
  /** Running and cancelling ones. */
  readonly tasks: number;
}

/** A hook of a source at its sender. */
export interface RecoveryKey {
  readonly source: string;
  /** What the sender calls the hook's owner: `/repos/o/r`. */
  readonly hook: string;
}

/** A delivery that the sender says it has made and that has not been accepted here. */
export interface MissedDelivery {
  /** See Delivery.senderId. */
  readonly senderId: string;
  /** What the sender's API calls it. */
  readonly remoteId: string;
  readonly event: string;
  /** How often it has been asked for. */
  readonly attempts: number;
}

export interface RecoveryState extends RecoveryKey {
  readonly startedAt: string | null;
  /** Null while the first round is under way. */
  readonly endedAt: string | null;
  /** Why the last round did not get to its end. */
  readonly error: string | null;
  /** In the last round. */
  readonly found: number;
  readonly asked: number;
  /** Of all that were missed in the last 30 days: those that have come in since, may still be asked for, and may not. */
  readonly cameIn: number;
  readonly open: number;
  readonly givenUp: number;
}

/** What is not kept for ever, in the order in which it goes. */
export const PRUNABLE = ["bodies", "logs", "tasks", "deliveries", "audit"] as const;
export type Prunable = (typeof PRUNABLE)[number];

export interface PruneInput {
  readonly what: Prunable;
  /** What is older goes; RFC 3339. */
  readonly before: string;
  /** Bodies up to this `seq` go however old they are; 0: none. See fitBodies. */
  readonly upTo: number;
  /** Where the last batch ended; 0 at first. */
  readonly after: number;
  /** Rows to look at. */
  readonly limit: number;
  /** Removes nothing. */
  readonly dryRun: boolean;
}

export interface PruneBatch {
  /** Rows that were removed, or would be. */
  readonly removed: number;
  /** Of bodies among them. */
  readonly bytes: number;
  /** `after` of the next batch; null: there is nothing older. */
  readonly next: number | null;
}

/** Which bodies there is room for; `before` and `room` are those of the next call. */
export type Fit =
  | { readonly type: "fits" }
  | { readonly type: "more"; readonly before: number; readonly room: number }
  /** Not for those up to this `seq`. */
  | { readonly type: "beyond"; readonly upTo: number };
/** A message to be stored, waiting; its first attempt is due when it is made. */
export interface NewMessage extends Pick<
  Message,
  "id" | "endpoint" | "type" | "taskId" | "headers" | "body" | "createdAt"
> {
  /** Stands for the endpoint's URL: of one that is gone for good the message is dead from the start. */
  readonly urlDigest: string;
  /** Why it can't be sent at all; null: it can. */
  readonly error: string | null;
  /** Of the endpoint's messages with the same, each waits for the one before. Default: it waits for none. */
  readonly orderKey?: string;
}

export interface NewPost {
  /** The notices that the messages come of; they are done with then. */
  readonly notices: readonly string[];
  readonly messages: readonly NewMessage[];
  readonly incidents: readonly IncidentChange[];
}

export interface IncidentChange {
  readonly endpoint: string;
  readonly action: string;
  /** The version that the decision was made by; null: there was no incident. */
  readonly expected: number | null;
  /** Null: it is over. */
  readonly next: Pick<Incident, "failures" | "toldAt"> | null;
}

/** What a sender asks for: the endpoints that it has room for. */
export interface MessageClaim {
  readonly node: string;
  readonly now: string;
  readonly leaseMs: number;
  readonly endpoints: readonly ClaimedEndpoint[];
}

export interface ClaimedEndpoint {
  readonly name: string;
  readonly urlDigest: string;
  readonly limit: number;
  /** One after the other, in the order in which they came about. */
  readonly ordered: boolean;
  /** The same, but only of those with the same order key. */
  readonly keyed?: boolean;
}

export interface SettledMessage {
  readonly id: string;
  readonly endpoint: string;
  readonly result: AttemptResult;
  /** When the next attempt is due; null: there is none, it is delivered or dead. */
  readonly dueAt: string | null;
}

export interface MessageFilter {
  readonly endpoint?: string | undefined;
  readonly state?: MessageState | undefined;
  readonly cursor?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

export interface EndpointRecord extends EndpointState {
  readonly name: string;
  readonly waiting: number;
  readonly dead: number;
}

/**
 * Everything the product asks of its database. Each call is one transaction, all or nothing; when a call
 * resolves, its writes have been fsynced. Calls reject with AppError `store:unavailable` when the database fails.
 * Lists are newest first, logs oldest first.
 */
export interface Store extends AuditCalls, ReportStore {
  /**
   * Stores a delivery, its tasks and its health entry, applying each task's concurrency policy; a repeated one changes
   * nothing, unless the first was rejected and this one is not. Rejects `store:conflict` when the health entry's position is taken: somebody else was faster, ask again.
   */
  storeDelivery(input: NewDelivery): Promise<StoredDelivery>;
  getDelivery(id: string): Promise<Delivery | null>;
  /** Null also where the body has been pruned, or is lost. */
  getDeliveryBody(id: string): Promise<Buffer | null>;
  listDeliveries(filter: DeliveryFilter): Promise<Page<Delivery>>;
  /** The first delivery after that `seq`, in the order in which they were stored. */
  nextDelivery(after: number): Promise<QueuedDelivery | null>;
  /** With its body; its tasks stay. */
  removeDelivery(id: string): Promise<void>;
  /** How much there is of deliveries. */
  deliveryTotals(): Promise<{ readonly count: number; readonly bytes: number }>;
  /** Tasks a delivery started. */
  tasksOfDelivery(deliveryId: string): Promise<readonly StartedTask[]>;

  /** What is remembered of one application's health, newest first, as far back as a decision may need. */
  healthHistory(input: { readonly source: string; readonly app: string }): Promise<readonly HealthEntry[]>;
  /** The applications of which anything is remembered. */
  healthApps(): Promise<readonly { readonly source: string; readonly app: string }[]>;
  /** What a delivery left in the memory of health. */
  healthEntryOf(deliveryId: string): Promise<HealthEntry | null>;

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

  /** Puts a node on record and renews its lease, by the database's clock. Resolves with the tasks it owns. */
  heartbeat(input: Heartbeat): Promise<readonly HeldTask[]>;
  /** Takes a node that ends off the record, so that nobody waits for its lease. */
  leaveNode(id: string): Promise<void>;
  /** Newest first, lost ones included. */
  listNodes(): Promise<readonly NodeInfo[]>;
  /**
   * Sees to it that tasks of lost nodes, and tasks that nobody would look at, are taken by somebody. To be called by a
   * node that has been in touch with the database for as long as a lease lasts: then every node that lives has renewed its.
   */
  handOn(input: HandOn): Promise<void>;

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
  /** Of tasks that have ended since then. */
  taskStats(input: { readonly since: string }): Promise<TaskStats>;
  sourceStats(): Promise<readonly SourceStats[]>;
  queueStats(): Promise<QueueStats>;
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

  /** Adds a release, or changes its state and `activatedAt`. */
  putRelease(release: Release): Promise<void>;
  /** The newest 500, newest first. */
  listReleases(filter: {
    readonly app?: string | undefined;
    /** Name of the machine. */
    readonly node?: string | undefined;
  }): Promise<readonly Release[]>;

  /**
   * Begins a round of recovery, unless another live node is at it or the last one began at `startedBefore` or later: then
   * null. `since`: how far the hook's deliveries have been looked through.
   */
  beginRecovery(
    input: RecoveryKey & { readonly node: string; readonly now: string; readonly startedBefore: string },
  ): Promise<{ readonly since: string | null } | null>;
  /** Which of these have been accepted, or repeated one that was. */
  acceptedAmong(input: {
    readonly source: string;
    readonly senderIds: readonly string[];
  }): Promise<readonly string[]>;
  /** Remembers what was missed, and how far has been looked. What is known already stays as it is. */
  noteMissed(
    input: RecoveryKey & {
      readonly since: string;
      readonly now: string;
      readonly missed: readonly Omit<MissedDelivery, "attempts">[];
    },
  ): Promise<void>;
  /** What may be asked for now and has not been accepted meanwhile, in the order in which it was noted. */
  dueMissed(
    input: RecoveryKey & { readonly now: string; readonly limit: number },
  ): Promise<readonly MissedDelivery[]>;
  /**
   * To be called before each request for a delivery, so that no crash lets it be asked for once more. False when somebody
   * else has asked meanwhile. `nextAt`: see the table.
   */
  noteAsking(input: {
    readonly source: string;
    readonly missed: MissedDelivery;
    readonly nextAt: string | null;
  }): Promise<boolean>;
  /** What became of a request for a delivery that failed; the missed one's `attempts` are what they are to be. */
  noteRefusal(input: {
    readonly source: string;
    readonly missed: Pick<MissedDelivery, "senderId" | "attempts">;
    readonly nextAt: string | null;
    readonly error: string;
  }): Promise<void>;
  /** Also notes which of those that were missed have come in. */
  endRecovery(
    input: RecoveryKey & {
      readonly node: string;
      readonly now: string;
      readonly found: number;
      readonly asked: number;
      readonly error: string | null;
    },
  ): Promise<void>;
  recoveryStates(): Promise<readonly RecoveryState[]>;

  /**
   * Removes a batch of what is old and in nobody's use: nothing of a task that has not ended, no row of a delivery or a task
   * that the memory of healthy revisions rests on. Null when another server does so at this moment.
   */
  prune(input: PruneInput): Promise<PruneBatch | null>;
  /** Goes through `limit` bodies, newest first. */
  fitBodies(input: {
    /** Only those of a lower `seq`. */
    readonly before: number;
    /** Bytes. */
    readonly room: number;
    readonly limit: number;
  }): Promise<Fit>;
  /** Gives the disk back what pruned bodies have taken, as far as that is not done by `prune`. */
  freeBodies(): Promise<void>;
  /** What has happened and is not made into messages yet, oldest first. */
  pendingNotices(limit: number): Promise<readonly Notice[]>;
  incidents(): Promise<readonly Incident[]>;
  /** Makes notices into messages. Rejects `store:conflict`, and changes nothing, when another server was faster: read again. */
  postMessages(input: NewPost): Promise<void>;
  /**
   * Leases messages whose attempt is due, by the database's clock. None of an endpoint that asked for a pause, is disabled,
   * or whose breaker is open; one at a time where it may close again.
   */
  claimMessages(input: MessageClaim): Promise<readonly Message[]>;
  /** Records attempts of `node`, and what they say of their endpoints. */
  settleMessages(input: {
    readonly node: string;
    readonly results: readonly SettledMessage[];
  }): Promise<void>;
  /** Gives leases back: all, or those that `node` holds. */
  releaseMessages(input: { readonly node: string | null }): Promise<void>;
  listMessages(filter: MessageFilter): Promise<Page<Message>>;
  getMessage(id: string): Promise<Message | null>;
  /** Has the same bytes sent anew as another message; null when there is no such message, or it still waits. */
  retryMessage(input: { readonly id: string; readonly now: string }): Promise<Message | null>;
  /** The same for every dead message, of one endpoint or of all. Resolves with how many there were. */
  retryDeadMessages(input: { readonly endpoint: string | null; readonly now: string }): Promise<number>;
  endpointRecords(): Promise<readonly EndpointRecord[]>;
  /** Closes the breaker, ends a pause, and takes an endpoint back that was disabled. */
  enableEndpoint(name: string): Promise<void>;
  /** Forgets messages that ended before: delivered and retried ones, and dead ones. */
  pruneMessages(input: { readonly deliveredBefore: string; readonly deadBefore: string }): Promise<void>;

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

  /** Removes expired ones, too. */
  createSession(input: {
    readonly hash: string;
    /** The token, or else the name of the user, that it was opened with. */
    readonly tokenId: string | null;
    readonly user?: string;
    readonly createdAt: string;
    readonly expiresAt: string;
  }): Promise<void>;
  /** The token that the session was opened with, revoked and expired ones too; null for a session that is over. */
  findSession(input: { readonly hash: string; readonly now: string }): Promise<TokenRow | null>;
  /** The user that it was opened by, disabled ones too; null for a session that is over, or a token's. */
  findUserSession(input: { readonly hash: string; readonly now: string }): Promise<User | null>;
  endSession(hash: string): Promise<void>;

  /** Adds an entry for each deploy whose tasks have ended meanwhile; resolves with how many there were. */
  settleDeploys(input: { readonly now: string }): Promise<number>;
  listDeployEntries(filter: {
    readonly user?: string | undefined;
    readonly app?: string | undefined;
    readonly id?: string | undefined;
    readonly deliveryId?: string | undefined;
    /** `owner/name`. */
    readonly repository?: string | undefined;
    /** Only entries with a higher `seq`. */
    readonly after?: number | undefined;
    readonly order: "asc" | "desc";
    readonly limit: number;
    readonly skip?: number;
  }): Promise<readonly DeployEntry[]>;

  /** Rejects `user:exists`. */
  createUser(user: Omit<User, "disabledAt">): Promise<void>;
  /** Changes what is given; with another password, or shut out, their sessions end. Rejects `user:not_found`. */
  changeUser(input: {
    readonly name: string;
    readonly passwordHash?: string;
    readonly scopes?: readonly string[];
    readonly disabledAt?: string | null;
  }): Promise<void>;
  getUser(name: string): Promise<User | null>;
  listUsers(): Promise<readonly User[]>;
  /** `hash`: SHA-256 (hex) of the token. Rejects `user:not_found`, `token:exists`. */
  createUserToken(input: { readonly token: UserToken; readonly hash: string }): Promise<void>;
  /** By the SHA-256; revoked and expired ones too. */
  findUserToken(hash: string): Promise<UserToken | null>;
  listUserTokens(user: string): Promise<readonly UserToken[]>;
  /** False when the user has no such live token. `ref` is an id or a name. */
  revokeUserToken(input: {
    readonly user: string;
    readonly ref: string;
    readonly now: string;
  }): Promise<boolean>;

  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type { StepState };
