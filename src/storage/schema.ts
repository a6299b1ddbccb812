import type { Generated } from "kysely";
import type { Concurrency } from "../domain/action.ts";
import type { AuditEvent } from "../domain/audit.ts";
import type { DeployProvider, DeployStatus } from "../domain/deploy.ts";
import type { Verdict } from "../domain/delivery.ts";
import type { SourceKindName } from "../domain/event.ts";
import type { MessageState } from "../domain/message.ts";
import type { NoticeType } from "../domain/notice.ts";
import type { HealthEntry } from "../domain/rollback.ts";
import type { ReleaseState } from "../domain/release.ts";
import type { LogStream, StepState, TaskOutcome, TaskState } from "../domain/task.ts";

/** The tables. JSON is text; times are RFC 3339 UTC with milliseconds, so that text order is time order. */
export interface Schema {
  readonly deliveries: DeliveriesTable;
  readonly tasks: TasksTable;
  readonly steps: StepsTable;
  readonly log: LogTable;
  readonly counters: CountersTable;
  readonly nodes: NodesTable;
  readonly settings: SettingsTable;
  readonly tokens: TokensTable;
  readonly sessions: SessionsTable;
  readonly health_entries: HealthEntriesTable;
  readonly moves: MovesTable;
  readonly releases: ReleasesTable;
  readonly deploys: DeploysTable;
  readonly deploy_entries: DeployEntriesTable;
  readonly users: UsersTable;
  readonly user_tokens: UserTokensTable;
  readonly recoveries: RecoveriesTable;
  readonly missed_deliveries: MissedDeliveriesTable;
  readonly notices: NoticesTable;
  readonly messages: MessagesTable;
  readonly endpoints: EndpointsTable;
  readonly incidents: IncidentsTable;
  readonly forge_deployments: ForgeDeploymentsTable;
  readonly pairings: PairingsTable;
  readonly audit_events: AuditEventsTable;
}

export interface DeliveriesTable {
  readonly seq: Generated<number>;
  readonly id: string;
  readonly source: string;
  readonly kind: SourceKindName;
  readonly sender_id: string | null;
  readonly fingerprint: string | null;
  readonly event: string;
  readonly headers: string;
  readonly content_type: string | null;
  readonly body_size: number;
  /** See Bodies. Empty: it has been pruned. */
  readonly body_ref: string;
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly replay_of: string | null;
  readonly received_at: string;
  readonly remote_address: string | null;
}

export interface TasksTable {
  /** The order of the queue. */
  readonly seq: Generated<number>;
  readonly id: string;
  readonly action: string;
  readonly params: string;
  readonly state: TaskState;
  readonly outcome: TaskOutcome | null;
  readonly reason: string | null;
  readonly progress: number;
  readonly started_by: string;
  readonly delivery_id: string | null;
  /** Null: no group. */
  readonly group_name: string | null;
  readonly policy: Concurrency["policy"];
  readonly attempt: number;
  readonly settings_digest: string;
  readonly metadata: string;
  readonly node: string | null;
  /** JSON: the labels of the nodes that it may run on, any one of them; null: any node. */
  readonly runs_on: string | null;
  /** The task that this one is a part of. */
  readonly parent_id: string | null;
  /** Of its parts, so many may run at a time; null: it runs its steps itself. */
  readonly max_parallel: number | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly recoveries: Generated<number>;
  /** Of a waiting task that may not start yet: until then; null: it may. */
  readonly held_until: string | null;
  /** JSON: why; null with the time. */
  readonly hold: string | null;
  /** JSON; null: it needs nobody's word. */
  readonly approval: string | null;
  /** JSON: what of it is told to endpoints; null: nothing. */
  readonly notify: string | null;
  /** JSON; null: none. */
  readonly correlation: string | null;
  /** JSON; null: its forge is not told of it. */
  readonly report: string | null;
}

export interface StepsTable {
  readonly task_id: string;
  readonly phase: "run" | "undo";
  readonly idx: number;
  readonly name: string;
  readonly kind: string;
  readonly state: StepState;
  readonly exit_code: number | null;
  readonly outputs: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
}

export interface LogTable {
  readonly seq: Generated<number>;
  readonly task_id: string;
  readonly time: string;
  readonly stream: LogStream;
  readonly step: number | null;
  readonly text: string;
}

export interface CountersTable {
  readonly name: string;
  readonly source: string;
  readonly value: number;
}

/** Times are the database's own: the clocks of its servers may disagree. */
export interface NodesTable {
  readonly id: string;
  readonly name: string;
  readonly labels: string;
  readonly roles: string;
  /** What the queue engine calls the node. */
  readonly pools: string;
  readonly version: string;
  readonly started_at: string;
  readonly seen_at: string;
  /** Until then the node is taken to be alive, and its tasks are its own. */
  readonly lease_until: string;
}

export interface SettingsTable {
  readonly digest: string;
  readonly text: string;
  readonly saved_at: string;
}

export interface TokensTable {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly scopes: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}

/** A browser that has logged in with a token or as a user; see accounts/sessions.ts. */
export interface SessionsTable {
  /** SHA-256 (hex) of what the cookie holds. */
  readonly hash: string;
  readonly token_id: string;
  readonly created_at: string;
  readonly expires_at: string;
  /** Null: it is a token's. */
  readonly user_name: string | null;
}

export interface HealthEntriesTable {
  readonly source: string;
  /** Empty: the source stands for one application. */
  readonly app: string;
  readonly position: number;
  readonly type: HealthEntry["type"];
  readonly revision: string;
  readonly target: string | null;
  readonly delivery_id: string;
  readonly created_at: string;
}

export interface ReleasesTable {
  readonly seq: Generated<number>;
  readonly app: string;
  readonly node: string;
  readonly id: string;
  readonly dir: string;
  readonly commit_id: string | null;
  readonly task_id: string;
  readonly action: string;
  readonly step: number;
  readonly state: ReleaseState;
  readonly created_at: string;
  readonly activated_at: string | null;
}

export interface RecoveriesTable {
  readonly source: string;
  /** What the sender calls the hook's owner: `/repos/o/r`. */
  readonly hook: string;
  /** Up to there the hook's deliveries have been looked through; null: never. */
  readonly since: string | null;
  /** The node that is at it. */
  readonly node: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly error: string | null;
  readonly found: number;
  readonly asked: number;
}

export interface MissedDeliveriesTable {
  readonly source: string;
  readonly sender_id: string;
  readonly hook: string;
  /** What the sender's API calls it. */
  readonly remote_id: string;
  readonly event: string;
  readonly found_at: string;
  /** How often it has been asked for. */
  readonly attempts: number;
  /** When it may be asked for again; null: no more. */
  readonly next_at: string | null;
  /** When it was noticed that it had been accepted. */
  readonly came_in_at: string | null;
  readonly error: string | null;
}

/** See storage/move/. */
export interface MovesTable {
  /** Of this database. */
  readonly role: "source" | "target";
  readonly id: string;
  readonly state: "under_way" | "done" | "cancelled";
  /** The other database, for people. */
  readonly peer: string;
  /** JSON: how far it has come; the target's alone counts. */
  readonly progress: string;
  readonly started_at: string;
  readonly ended_at: string | null;
}

export interface NoticesTable {
  readonly seq: Generated<number>;
  readonly id: string;
  readonly type: NoticeType;
  readonly task_id: string | null;
  readonly delivery_id: string | null;
  readonly created_at: string;
}

/** Leases are by the database's own clock, everything else by the servers'. */
export interface MessagesTable {
  /** The order in which they came about. */
  readonly seq: Generated<number>;
  readonly id: string;
  readonly endpoint: string;
  readonly type: NoticeType;
  readonly task_id: string | null;
  readonly retry_of: string | null;
  readonly headers: string;
  readonly body: string;
  readonly state: MessageState;
  readonly attempts: number;
  readonly due_at: string;
  readonly leased_by: string | null;
  readonly lease_until: string | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly created_at: string;
  readonly ended_at: string | null;
  /** Those of an endpoint with the same one are sent in their order. */
  readonly order_key: string | null;
}

/** What forges were told of deployments. */
export interface ForgeDeploymentsTable {
  readonly task_id: string;
  readonly place: string;
  readonly remote_id: string;
  readonly state: string;
  readonly updated_at: string;
}

/** Tokens that users have paired with, encrypted; where servers share the store. */
export interface PairingsTable {
  readonly name: string;
  readonly sealed: string;
  readonly created_at: string;
}

export interface EndpointsTable {
  readonly name: string;
  readonly failures: number;
  readonly openings: number;
  readonly closed_until: string | null;
  readonly disabled_url: string | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly last_attempt_at: string | null;
  readonly last_success_at: string | null;
}

export interface IncidentsTable {
  readonly endpoint: string;
  readonly action: string;
  readonly failures: number;
  readonly told_at: string;
  readonly version: number;
}

export interface UsersTable {
  readonly name: string;
  readonly password_hash: string;
  /** JSON list. */
  readonly scopes: string;
  readonly created_at: string;
  readonly disabled_at: string | null;
}

export interface UserTokensTable {
  readonly id: string;
  readonly user_name: string;
  readonly name: string;
  readonly hash: string;
  /** JSON list; null: all. */
  readonly apps: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

export interface DeploysTable {
  readonly id: string;
  readonly user_name: string;
  readonly app: string;
  readonly uuid: string;
  readonly provider: DeployProvider;
  readonly commit_ref: string;
  readonly delivery_id: string;
  /** 1 until its tasks have ended. */
  readonly open: number;
  readonly created_at: string;
}

export interface DeployEntriesTable {
  readonly seq: Generated<number>;
  readonly id: string;
  readonly deploy_id: string;
  readonly status: DeployStatus;
  readonly app: string;
  readonly error: string | null;
  readonly reason: string | null;
  readonly created_at: string;
}

/** See domain/audit.ts. The database refuses to change it: see migrations/0019-audit.ts. */
export interface AuditEventsTable extends Omit<AuditEvent, "details"> {
  readonly seq: Generated<number>;
  /** JSON. */
  readonly details: string;
}
