import type { Action } from "../domain/action.ts";
import type { AuditEntry } from "../domain/audit.ts";
import { frozenAt, type Frozen } from "../domain/freeze.ts";
import type { Hold } from "../domain/hold.ts";
import type { Task } from "../domain/task.ts";
import { formatDuration } from "../lib/duration.ts";
import type { Settings } from "../settings/settings.ts";
import type { AfterHold, NewTask } from "../storage/store.ts";
import type { Services } from "./services.ts";
import { stopSuperseded } from "./stop-task.ts";

export interface HoldsInput {
  readonly action: Action;
  readonly settings: Pick<Settings, "freezes">;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Nobody but a webhook asks for it. */
  readonly automatic: boolean;
}

type Holds = Pick<NewTask, "hold" | "approval" | "note">;

/** What keeps a new task from starting at once, or what a person has passed over by starting it. */
export function holdsOf({ action, settings, createdAt, automatic }: HoldsInput): Holds {
  const { approval, name, debounceMs } = action;
  const at = new Date(createdAt);
  const frozen = frozenAt(settings.freezes, name, at);
  const note = frozen === null || automatic ? {} : { note: `Started in spite of ${inWords(frozen)}` };
  const quiet = debounceMs === null ? {} : { hold: quietHold(at, debounceMs) };
  if (approval === null)
    return { ...(frozen !== null && automatic ? { hold: toHold(frozen) } : note), ...quiet };
  return {
    ...note,
    hold: approvalHold(at, approval.expiresMs),
    approval: { scopes: approval.scopes, decision: "pending", by: null, at: null },
    ...quiet,
  };
}

function approvalHold(from: Date, expiresMs: number): Hold {
  const until = new Date(from.getTime() + expiresMs).toISOString();
  return { type: "approval", until, reason: `Waits for approval, until ${until}` };
}

function quietHold(from: Date, debounceMs: number): Hold {
  const until = new Date(from.getTime() + debounceMs).toISOString();
  return { type: "quiet", until, reason: `Waits for quiet until ${until}` };
}

/** What comes next for a task after which no other one of its action was added. */
export async function afterQuiet(services: Services, task: Task): Promise<AfterHold> {
  if (task.approval?.decision !== "pending") return afterHold(services, task);
  const rule = services.settings.current().actions[task.action]?.approval;
  return { type: "hold", hold: approvalHold(services.now(), rule?.expiresMs ?? APPROVAL_MS) };
}

/** Where the settings know no such rule any more. */
const APPROVAL_MS = 7 * 24 * 60 * 60 * 1_000;

function inWords({ until, reason }: Frozen): string {
  const why = reason === null ? "" : ` (${reason})`;
  return `the freeze until ${until.toISOString()}${why}`;
}

const toHold = (frozen: Frozen): Hold => ({
  type: "freeze",
  until: frozen.until.toISOString(),
  reason: `Waits for the end of ${inWords(frozen)}`,
});

/** What comes next for a task that nothing but a freeze keeps from starting. */
export async function afterHold(
  services: Services,
  task: Pick<Task, "action" | "startedBy">,
): Promise<AfterHold> {
  const { settings, now } = services;
  const frozen = frozenAt(settings.current().freezes, task.action, now());
  if (frozen === null || !(await isAutomatic(services, task))) return { type: "release" };
  return { type: "hold", hold: toHold(frozen) };
}

/** A replay is a person's wish, though its tasks are a delivery's. */
async function isAutomatic({ store }: Services, { startedBy }: Pick<Task, "startedBy">): Promise<boolean> {
  if (startedBy.type !== "delivery") return false;
  return (await store.getDelivery(startedBy.deliveryId))?.replayOf === null;
}

type SettleInput = Parameters<Services["store"]["settleHold"]>[0];

/**
 * Ends a task's hold and tells who has to know. False when the task is no longer held like that. `audit`: who asks for it,
 * where somebody does.
 */
export async function settleHold(
  services: Services,
  input: Omit<SettleInput, "now">,
  audit?: AuditEntry,
): Promise<boolean> {
  const { store, auditor, hub, queue, now } = services;
  const change = { ...input, now: now().toISOString() };
  const settled =
    audit === undefined
      ? await store.settleHold(change)
      : await auditor.recorded(audit, "settleHold", change);
  if (settled === null) return false;
  stopSuperseded(services, settled.superseded, input.id);
  hub.notify(input.id);
  queue.wake();
  return true;
}

/** What becomes of a task whose approval has not come in time. */
export function unapproved({ createdAt, until }: { createdAt: string; until: string }): AfterHold {
  const waited = formatDuration(Date.parse(until) - Date.parse(createdAt));
  return { type: "reject", reason: `Not approved within ${waited}` };
}
