import type { Action } from "../domain/action.ts";
import type { StartedBy } from "../domain/task.ts";
import { newId } from "../lib/ids.ts";
import type { NewTask } from "../storage/store.ts";

export interface NewTaskInput {
  readonly action: Action;
  readonly params: Readonly<Record<string, string>>;
  readonly startedBy: StartedBy;
  readonly deliveryId: string | null;
  readonly settingsDigest: string;
  readonly createdAt: string;
}

export function newTask({ action, ...rest }: NewTaskInput): NewTask {
  const runsOn = action.runsOn?.labels ?? null;
  return { id: newId(), action: action.name, concurrency: action.concurrency, runsOn, ...rest };
}
