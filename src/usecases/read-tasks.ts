import { AppError } from "../domain/errors.ts";
import type { LogEntry, Task } from "../domain/task.ts";
import type { Services } from "./services.ts";

/** Rejects `task:not_found`. */
export async function getTask({ store }: Services, id: string): Promise<Task> {
  const task = await store.getTask(id);
  if (task === null) throw new AppError("task:not_found", `There is no task ${id}`);
  return task;
}

/** See App.listLog. An empty page of a task that does not exist would look like a silent one. */
export async function listLog(
  services: Services,
  input: { readonly taskId: string; readonly after: number; readonly limit: number },
): Promise<readonly LogEntry[]> {
  const entries = await services.store.listLog(input);
  if (entries.length === 0) await getTask(services, input.taskId);
  return entries;
}
