import type { Task, TaskOutcome } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import type { Services } from "./services.ts";

export interface StopInput {
  readonly id: string;
  readonly outcome: Exclude<TaskOutcome, "succeeded" | "rejected">;
  readonly reason: string;
}

/** Stores the stop, then tells the run. Null when the task had ended or was being stopped already. */
export async function stopTask(services: Services, input: StopInput): Promise<Task | null> {
  const { store, running, hub, queue, now } = services;
  const { id, outcome, reason } = input;
  const task = await store.transition({
    id,
    signal: { type: "stop", outcome },
    reason,
    now: now().toISOString(),
  });
  if (task === null) return null;
  if (isEnded(task.state)) queue.wake();
  else running.stop(id, reason);
  hub.notify(id);
  return task;
}

/** Tells the runs of tasks that the store has just superseded by `by`. */
export function stopSuperseded({ running, hub }: Services, ids: readonly string[], by: string): void {
  for (const id of ids) {
    running.stop(id, `Superseded by task ${by}`);
    hub.notify(id);
  }
}
