import type { AuditEntry } from "../domain/audit.ts";
import type { Task, TaskOutcome } from "../domain/task.ts";
import { isEnded } from "../domain/task-machine.ts";
import type { Services } from "./services.ts";

export interface StopInput {
  readonly id: string;
  readonly outcome: Exclude<TaskOutcome, "succeeded" | "rejected">;
  readonly reason: string;
  /** Who asks for it, where somebody does. */
  readonly audit?: AuditEntry;
}

/** Stores the stop, then tells the run. Null when the task had ended or was being stopped already. */
export async function stopTask(services: Services, input: StopInput): Promise<Task | null> {
  const { store, auditor, running, hub, queue, now } = services;
  const { id, outcome, reason, audit } = input;
  const change = { id, signal: { type: "stop", outcome }, reason, now: now().toISOString() } as const;
  const task =
    audit === undefined
      ? await store.transition(change)
      : await auditor.recorded(audit, "transition", change);
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
