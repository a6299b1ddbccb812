import type { AuditEntry } from "../domain/audit.ts";
import { AppError } from "../domain/errors.ts";
import type { Task } from "../domain/task.ts";
import type { CancelInput } from "./app.ts";
import { getTask } from "./read-tasks.ts";
import type { Services } from "./services.ts";
import { stopTask } from "./stop-task.ts";

/** See App.cancelTask. */
export function cancelTask(services: Services, input: CancelInput): Promise<Task> {
  const audit = { asker: input, action: "task.cancel", target: `task:${input.id}` } as const;
  return services.auditor.attempt(audit, () => cancel(services, input, audit));
}

async function cancel(
  services: Services,
  { id, by, why = "" }: CancelInput,
  audit: AuditEntry,
): Promise<Task> {
  const reason = `Cancelled by ${by}${why}`;
  const stopped = await stopTask(services, { id, outcome: "cancelled", reason, audit });
  if (stopped !== null) return stopped;
  const { state } = await getTask(services, id);
  throw new AppError("task:not_cancellable", `The task can't be cancelled: it is ${state}`, {
    details: { state },
  });
}
