import type { Action } from "../domain/action.ts";
import type { AuditEntry } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import type { TaskReport } from "../domain/report.ts";
import type { StartedBy } from "../domain/task.ts";
import { nearest } from "../lib/nearest.ts";
import type { StartedTask } from "../storage/store.ts";
import { stepTitle } from "../steps/registry.ts";
import { resolveParams } from "../triggers/params.ts";
import type { PlannedAction, StartInput } from "./app.ts";
import { newTask } from "./new-task.ts";
import { precheckAction } from "./precheck-action.ts";
import { reportOf } from "./report-of.ts";
import type { Services } from "./services.ts";
import { stopSuperseded } from "./stop-task.ts";

/** See App.startAction. */
export function startAction(services: Services, input: StartInput): Promise<StartedTask> {
  const audit = { asker: input, action: "task.start", target: `action:${input.action}` } as const;
  return services.auditor.attempt(audit, () => start(services, input, audit));
}

async function start(services: Services, input: StartInput, audit: AuditEntry): Promise<StartedTask> {
  const { params, by } = input;
  const action = findAction(services, input.action);
  if (input.precheck === true) {
    const given = resolveParams({ specs: action.params, given: params });
    await precheckAction(services, { action, params: given });
  }
  return startTask(services, {
    action,
    params,
    startedBy: { type: "manual", by },
    deliveryId: null,
    report: reportOf({
      reports: services.settings.current().reports,
      action: action.name,
      params,
      event: null,
    }),
    audit,
    ...(input.correlation && { correlation: input.correlation }),
  });
}

export interface StartTaskInput {
  readonly action: Action;
  readonly params: Readonly<Record<string, string>>;
  readonly startedBy: StartedBy;
  readonly deliveryId: string | null;
  readonly correlation?: Readonly<Record<string, string>>;
  readonly report: TaskReport | null;
  /** Who asks for it; what is done is done to the task. */
  readonly audit: AuditEntry;
}

/** Stores a task that no delivery started. Rejects `params:invalid`, `task:rejected`. */
export async function startTask(services: Services, input: StartTaskInput): Promise<StartedTask> {
  const { action, audit } = input;
  const params = resolveParams({ specs: action.params, given: input.params });
  const settings = services.settings.current();
  const createdAt = services.now().toISOString();
  const made = newTask({ ...input, params, settings, automatic: false, createdAt });
  const { task, superseded } = await services.auditor.recorded(
    startOf(audit, made.id, action.name),
    "createTask",
    made,
  );
  stopSuperseded(services, superseded, task.id);
  if (task.outcome === "rejected") throw rejected(task);
  services.queue.wake();
  services.hub.notify(task.id);
  return task;
}

/** What it was started for stays in the details. */
const startOf = (entry: AuditEntry, id: string, action: string): AuditEntry => ({
  ...entry,
  target: `task:${id}`,
  details: { ...entry.details, action, ...(entry.action !== "task.start" && { of: entry.target }) },
});

const rejected = (task: StartedTask): AppError =>
  new AppError(
    "task:rejected",
    `Another task of the concurrency group of ${task.action} waits or runs, and its policy is to reject`,
    { details: { task_id: task.id } },
  );

/** See App.planAction. */
export function planAction(services: Services, input: Pick<StartInput, "action" | "params">): PlannedAction {
  const action = findAction(services, input.action);
  return {
    action: action.name,
    params: resolveParams({ specs: action.params, given: input.params }),
    steps: action.steps.map((step) => ({
      name: step.name,
      kind: step.kind,
      title: stepTitle(step),
    })),
  };
}

export function findAction(services: Services, name: string): Action {
  const { actions } = services.settings.current();
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action !== undefined) return action;
  const suggestion = nearest(name, Object.keys(actions));
  const hint = suggestion === null ? "" : `; did you mean ${suggestion}?`;
  throw new AppError("action:not_found", `There is no action ${name}${hint}`);
}
