import type { ParamSpec } from "../domain/action.ts";
import type { Asker, AuditEvent } from "../domain/audit.ts";
import type { Delivery, RuleReason } from "../domain/delivery.ts";
import type { DeployEntry, DeployProvider } from "../domain/deploy.ts";
import type { HookEvent } from "../domain/event.ts";
import type { Message } from "../domain/message.ts";
import type { NoticeType } from "../domain/notice.ts";
import type { Release } from "../domain/release.ts";
import type { LogEntry, Task } from "../domain/task.ts";
import type { Attempt } from "../outbound/attempt.ts";
import type { ApproveInput } from "./approve-task.ts";
import type { Refusal } from "./refusal-log.ts";
import type { Revision, RevisionFilter } from "./list-revisions.ts";
import type { RevisionRollback, RollBackRevisionInput } from "./roll-back-revision.ts";
import type { IncomingRequest, SourceAnswers } from "../sources/source.ts";
import type { AuditFilter } from "../storage/audit-calls.ts";
import type {
  DeliveryFilter,
  EndpointRecord,
  MessageFilter,
  NodeInfo,
  Page,
  RecoveryState,
  SourceStats,
  StartedTask,
  Store,
  StoredDelivery,
  TaskFilter,
} from "../storage/store.ts";
import type { Reach } from "./reach-of.ts";
import type { ActionChanges } from "./action-changes.ts";
import type { TaskStatistics } from "./stats.ts";

/** What the HTTP routes call; one use case each. All reject with AppError for what the client is to be told. */
export interface App {
  /**
   * Authenticates, describes, matches, stores. Rejects with `signature:*` (nothing stored), with `body:malformed`
   * (stored as rejected; `details.delivery_id`), with `store:unavailable`.
   */
  receiveDelivery(input: ReceiveInput): Promise<ReceivedDelivery>;
  /** Counts and logs a request that was refused before anything was done for it. */
  noteRefusal(refusal: Refusal): void;
  /** Whose webhooks are received on a path; null when nobody's are. */
  findSource(path: string): FoundSource | null;

  startAction(input: StartInput): Promise<StartedTask>;
  /** Checks params and triggers without storing anything. */
  planAction(input: Pick<StartInput, "action" | "params">): PlannedAction;
  /** Resolves as soon as the request to cancel is stored. Rejects `task:not_found`, `task:not_cancellable`. */
  cancelTask(input: CancelInput): Promise<Task>;
  /**
   * Lets a task start that waits for approval, or ends it. Rejects `task:not_found`, `auth:forbidden` for who may not, and
   * `approval:*` where there is nothing to decide any more.
   */
  approveTask(input: ApproveInput): Promise<Task>;
  /** Starts a new task like an ended one. */
  retryTask(input: OneAsked): Promise<StartedTask>;
  /** Stores the delivery once more under a new id, linked to the first, and starts what it matches now. */
  replayDelivery(input: OneAsked & { readonly dryRun: boolean }): Promise<ReceivedDelivery>;
  /** What is remembered of the health of applications. */
  listRevisions(filter: RevisionFilter): Promise<readonly Revision[]>;
  /** Rolls an application of that memory back by hand. Rejects `rollback:*`, `request:invalid`. */
  rollBackRevision(input: RollBackRevisionInput): Promise<RevisionRollback>;
  explainDelivery(id: string): Promise<Explanation>;

  /**
   * The deploy API: stores what GitHub or Travis CI tells, and starts what its triggers say, held until the tests have passed
   * where there are some. Rejects `deploy:*`, `store:unavailable`.
   */
  deploy(input: DeployInput): Promise<Deployed>;
  /** What became of deploys. */
  listDeployEntries(filter: DeployFilter): Promise<readonly DeployEntry[]>;
  /** Everything about one of them: its tasks and their logs. */
  deployDoc(entry: DeployEntry): Promise<DeployDoc>;
  /** What a user has to do with because apps of the deploy API name them. */
  reachOf(user: string): Reach;
  /** Whether the deploy API is on. */
  deploys(): boolean;

  /**
   * Starts a task on each machine that has the app, which goes back to a release, or to the last healthy one. Rejects
   * `release:not_found`, `release:none_earlier`, `action:not_found`.
   */
  rollBackApp(input: RollBackInput): Promise<readonly StartedTask[]>;
  /** Of one app, or of all; newest first. */
  listReleases(filter: { readonly app?: string | undefined }): Promise<readonly Release[]>;

  getTask(id: string): Promise<Task>;
  listTasks(filter: TaskFilter): Promise<Page<Task>>;
  listLog(input: {
    readonly taskId: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly LogEntry[]>;
  /**
   * Removes what an ended task has printed, but for the notice of it. Resolves with how much there was; rejects `log:in_use`
   * before its end.
   */
  purgeLog(input: OneAsked): Promise<number>;
  /**
   * Calls back after every change of that task (its record or its log) has been stored; it tells no content, read the store.
   * Returns the function that ends it.
   */
  watchTask(id: string, onChange: () => void): () => void;

  getDelivery(id: string): Promise<DeliveryDetail>;
  /** Rejects `delivery:not_found`, `delivery:no_body`. */
  getDeliveryBody(id: string): Promise<Buffer>;
  listDeliveries(filter: DeliveryFilter): Promise<Page<Delivery>>;

  /** Who is told what has happened, and how they have answered lately. */
  listEndpoints(): Promise<readonly EndpointInfo[]>;
  /** Sends a test message at once. Rejects `endpoint:not_found`. */
  testEndpoint(input: EndpointInput): Promise<Attempt>;
  /** Takes an endpoint back that was disabled or paused. Rejects `endpoint:not_found`. */
  enableEndpoint(input: EndpointInput): Promise<void>;
  listMessages(filter: MessageFilter): Promise<Page<Message>>;
  /** Has the same bytes sent anew, under another id. Rejects `message:not_found`. */
  retryMessage(input: OneAsked): Promise<Message>;
  /** The same for every dead message, of one endpoint or of all. Resolves with how many there were. */
  retryDeadMessages(input: Asker & { readonly endpoint: string | null }): Promise<number>;

  /** A task as JobServ shows a build. Rejects `task:not_found`. */
  jobservBuild(input: {
    readonly project: string;
    readonly build: number;
  }): Promise<{ readonly task: Task; readonly build: Readonly<Record<string, unknown>> }>;
  /** Calls back after every change of any task, and when deliveries have come; see Hub.watchAll. */
  watchAll(onChange: (id: string | null) => void): () => void;
  /** Rejects `action:not_found`. */
  actionChanges(name: string): Promise<ActionChanges>;
  /** Of tasks that ended within so many days. */
  taskStats(days: number): Promise<TaskStatistics>;
  sourceStats(): Promise<readonly SourceStats[]>;

  /** The servers on the store, newest first; lost ones for a day. */
  listNodes(): Promise<readonly NodeInfo[]>;
  listActions(): readonly ActionInfo[];
  listSources(): Promise<readonly SourceInfo[]>;
  /** Refused requests and the like, by source. */
  counters(): Promise<readonly { readonly name: string; readonly source: string; readonly value: number }[]>;
  /**
   * Removes what `retention` does not keep, for about as long as a request may take. Where more is left, `next` is what the
   * next call goes on from.
   */
  prune(input: Asker & { readonly dryRun: boolean; readonly from: string | null }): Promise<Pruned>;
  /** Rejects when the server can't do its work (store gone, draining). */
  ready(): Promise<Readiness>;
  /** Reads the settings file again. Rejects `settings:invalid` and keeps the old ones. */
  reloadSettings(asker: Asker): Promise<void>;
  /** Who did what. */
  listAudit(filter: AuditFilter): Promise<Page<AuditEvent>>;
}

/** One task, delivery or message, and who asks. */
export interface OneAsked extends Asker {
  readonly id: string;
}

export interface CancelInput extends OneAsked {
  /** For the task's reason, behind who. */
  readonly why?: string;
}

export interface EndpointInput extends Asker {
  readonly name: string;
}

export interface FoundSource {
  readonly name: string;
  /** Bound on a body, in bytes. */
  readonly bodyLimit: number;
  /** True when the path is not its own: it takes every path that nothing else has (`/*`). */
  readonly anyPath: boolean;
  /** Null: the usual answers. */
  readonly answers: SourceAnswers | null;
  /** For a source whose secret is in the path: what stands in its place; else null. */
  readonly pathSecret: string | null;
}

export interface ReceiveInput {
  readonly source: string;
  readonly request: IncomingRequest;
  readonly remoteAddress: string | null;
  /** For the log and the stored delivery. */
  readonly requestId?: string;
}

export interface ReceivedDelivery extends StoredDelivery {
  readonly event: Pick<HookEvent, "name" | "senderName">;
  /** True for a sender's connection test: answered, nothing started. */
  readonly ping: boolean;
  /** Where nothing was started: why. */
  readonly reasons: readonly RuleReason[];
  /** True when it waits on this machine for the store: what it starts is not known yet. */
  readonly spooled?: boolean;
}

export interface Readiness {
  /** Deliveries that wait on this machine for the store. */
  readonly spooled: number;
}

export interface StartInput extends Asker {
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  /** Refuse at once, with `step:failed`, what the first steps can tell to be in vain. Default false. */
  readonly precheck?: boolean;
  /** What the caller wants to hear back in what endpoints are told. */
  readonly correlation?: Readonly<Record<string, string>> | undefined;
}

export interface DeployInput {
  /** Null: nobody has logged in; then the request has to be a signed report of Travis CI. */
  readonly login: { readonly user: string; readonly apps: readonly string[] | null } | null;
  readonly request: IncomingRequest;
  /** The request's `x-api-uuid`. */
  readonly uuid: string;
  readonly remoteAddress: string | null;
}

export interface Deployed {
  readonly deliveryId: string;
  readonly duplicate: boolean;
  readonly tasks: readonly StartedTask[];
  readonly app: string;
  readonly provider: DeployProvider;
  /** `owner/name/sha`. */
  readonly commit: string;
  /** Where nothing was started: why. */
  readonly reasons: readonly RuleReason[];
}

export type DeployFilter = Parameters<Store["listDeployEntries"]>[0];

export interface DeployDoc {
  readonly tasks: readonly { readonly task: Task; readonly log: readonly string[] }[];
}

export interface RollBackInput extends Asker {
  readonly app: string;
  /** Null: the last healthy one before that in use. */
  readonly release: string | null;
  /** End what runs or waits in the way. */
  readonly cancel: boolean;
}

export interface PlannedAction {
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly name: string; readonly kind: string; readonly title: string }[];
}

export interface Explanation {
  readonly delivery: Delivery;
  /** Null when the body could not be understood. */
  readonly event: HookEvent | null;
  /** One per rule of each action, by the settings as they are now. */
  readonly reasons: readonly RuleReason[];
  readonly tasks: readonly StartedTask[];
}

export interface DeliveryDetail extends Delivery {
  readonly tasks: readonly StartedTask[];
}

/** What has been removed, or would be. */
export interface Pruned {
  readonly bodies: number;
  /** Of those bodies. */
  readonly bytes: number;
  readonly logEntries: number;
  readonly tasks: number;
  readonly deliveries: number;
  readonly auditEvents: number;
  /** Null: nothing is left to do. */
  readonly next: string | null;
  /** Another server is at it. */
  readonly busy: boolean;
}

export interface ActionInfo {
  readonly name: string;
  readonly description: string | null;
  readonly params: Readonly<Record<string, ParamSpec>>;
  readonly steps: readonly { readonly name: string; readonly kind: string }[];
}

export interface EndpointInfo extends Omit<EndpointRecord, "disabledUrl"> {
  /** Null: the settings do not have it any more, though messages for it are left. */
  readonly kind: string | null;
  /** As people may see it. */
  readonly url: string | null;
  readonly events: readonly NoticeType[];
  readonly onlyFailures: boolean;
  /**
   * `paused`: it asked for it. `broken`: it fails again and again, so that one message at a time tries whether it is back.
   * `disabled`: it has answered 410 Gone. `unknown`: not in the settings.
   */
  readonly state: "active" | "paused" | "broken" | "disabled" | "unknown";
}

export interface SourceInfo {
  readonly name: string;
  readonly kind: string;
  readonly path: string;
  /** The newest that is stored, accepted or not. */
  readonly lastDelivery: Delivery | null;
  /** Code → how often requests were refused with it; nothing else is known of them. */
  readonly refused: Readonly<Record<string, number>>;
  /** One for each webhook at the sender; empty where the sender is not asked, or has not been yet. */
  readonly recoveries: readonly RecoveryState[];
}
