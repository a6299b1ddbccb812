import { AppError } from "../domain/errors.ts";
import type { Task } from "../domain/task.ts";
import { getTask } from "./read-tasks.ts";
import type { Services } from "./services.ts";
import { stopTask } from "./stop-task.ts";

/** See App.cancelTask. */
export async function cancelTask(
  services: Services,
  { id, by }: { readonly id: string; readonly by: string },
): Promise<Task> {
  const stopped = await stopTask(services, { id, outcome: "cancelled", reason: `Cancelled by ${by}` });
  if (stopped !== null) return stopped;
  const { state } = await getTask(services, id);
  throw new AppError("task:not_cancellable", `The task can't be cancelled: it is ${state}`, {
    details: { state },
  });
}
