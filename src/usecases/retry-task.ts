import type { AuditEntry } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import { eventIndexOf } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import type { StartedTask } from "../storage/store.ts";
import type { OneAsked } from "./app.ts";
import { getTask } from "./read-tasks.ts";
import { reportLike } from "./report-of.ts";
import type { Services } from "./services.ts";
import { findAction, startTask } from "./start-action.ts";

/** See App.retryTask. The new task runs by the settings as they are now. */
export function retryTask(services: Services, input: OneAsked): Promise<StartedTask> {
  const audit = { asker: input, action: "task.retry", target: `task:${input.id}` } as const;
  return services.auditor.attempt(audit, () => retry(services, input, audit));
}

async function retry(services: Services, { id, by }: OneAsked, audit: AuditEntry): Promise<StartedTask> {
  const task = await getTask(services, id);
  if (!isEnded(task.state)) {
    throw new AppError("task:not_retryable", `The task is ${task.state}; cancel it or wait for its end`);
  }
  if (task.parentId !== null) {
    throw new AppError("task:not_retryable", `It is a part of task ${task.parentId}; retry that one`);
  }
  return startTask(services, {
    action: findAction(services, task.action),
    params: task.params,
    startedBy: { type: "retry", taskId: id, by, eventIndex: eventIndexOf(task.startedBy) },
    deliveryId: task.deliveryId,
    correlation: task.correlation,
    report: reportLike(services.settings.current().reports, task.report),
    audit,
  });
}
