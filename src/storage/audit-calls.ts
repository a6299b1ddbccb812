import type { AuditAction, AuditEvent, AuditResult } from "../domain/audit.ts";
import type { Page } from "./store.ts";

/** The store's calls that can be recorded in the transaction that does them. */
export const RECORDED_CALLS = [
  "createTask",
  "transition",
  "settleHold",
  "purgeLog",
  "saveSettings",
  "enableEndpoint",
  "retryMessage",
  "retryDeadMessages",
  "createToken",
  "revokeToken",
  "createSession",
  "endSession",
  "createUser",
  "changeUser",
  "createUserToken",
  "revokeUserToken",
] as const;
export type RecordedCall = (typeof RECORDED_CALLS)[number];

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: AuditAction | undefined;
  readonly target?: string | undefined;
  readonly result?: AuditResult | undefined;
  /** RFC 3339 UTC with milliseconds; from then on. */
  readonly since?: string | undefined;
  /** Before then. */
  readonly until?: string | undefined;
  readonly cursor?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

/** The part of the store that says who did what. */
export interface AuditCalls {
  /**
   * Does another call and records it, both or neither. What changed nothing (the call resolves with null, false or 0) or was
   * rejected by a task's concurrency group is not recorded. Resolves as the call does; see auditor.ts for its type.
   */
  recorded(input: {
    readonly event: AuditEvent;
    readonly call: RecordedCall;
    readonly args: readonly unknown[];
  }): Promise<unknown>;
  /**
   * Removes what an ended task has printed, lines and outputs of steps, and leaves a line that says so. Resolves with how many
   * there were. Rejects `task:not_found`, `log:in_use`.
   */
  purgeLog(input: { readonly taskId: string; readonly by: string; readonly now: string }): Promise<number>;
  /** Records what is done already, or was refused. An event that is there is not recorded again. */
  recordAudit(events: readonly AuditEvent[]): Promise<void>;
  /**
   * Newest first. A page looks at 20,000 events within the times and no more, so with a filter it may hold few or none and
   * still have a next one.
   */
  listAudit(filter: AuditFilter): Promise<Page<AuditEvent>>;
}
