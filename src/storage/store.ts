import type { AuditCalls } from "./audit-calls.ts";
import type { ReportStore } from "./store/reports.ts";
import type { AccountStore } from "./store/accounts.ts";
import type { DeliveryStore } from "./store/deliveries.ts";
import type { DeployStore } from "./store/deploys.ts";
import type { HealthStore } from "./store/health.ts";
import type { MessageStore } from "./store/messages.ts";
import type { NodeStore } from "./store/nodes.ts";
import type { PruneStore } from "./store/prune.ts";
import type { RecoveryStore } from "./store/recovery.ts";
import type { ReleaseStore } from "./store/releases.ts";
import type { RunStore } from "./store/runs.ts";
import type { SettingsStore } from "./store/settings.ts";
import type { StatsStore } from "./store/stats.ts";
import type { TaskStore } from "./store/tasks.ts";

export type * from "./store/accounts.ts";
export type * from "./store/deliveries.ts";
export type * from "./store/deploys.ts";
export type * from "./store/health.ts";
export type * from "./store/messages.ts";
export type * from "./store/nodes.ts";
export type * from "./store/page.ts";
export type * from "./store/prune.ts";
export type * from "./store/recovery.ts";
export type * from "./store/releases.ts";
export type * from "./store/reports.ts";
export type * from "./store/runs.ts";
export type * from "./store/settings.ts";
export type * from "./store/stats.ts";
export type * from "./store/tasks.ts";
export { NODE_ROLES } from "./store/nodes.ts";
export { PRUNABLE } from "./store/prune.ts";

/**
 * Everything the product asks of its database. Each call is one transaction, all or nothing; when a call
 * resolves, its writes have been fsynced. Calls reject with AppError `store:unavailable` when the database fails.
 * Lists are newest first, logs oldest first.
 */
export interface Store
  extends
    AuditCalls,
    AccountStore,
    DeliveryStore,
    DeployStore,
    HealthStore,
    MessageStore,
    NodeStore,
    PruneStore,
    RecoveryStore,
    ReleaseStore,
    RunStore,
    SettingsStore,
    StatsStore,
    TaskStore,
    ReportStore {
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type { StepState } from "../domain/task.ts";
