import type { Action } from "../domain/action.ts";
import type { TaskReport } from "../domain/report.ts";
import type { StartedBy } from "../domain/task.ts";
import { newId } from "../lib/ids.ts";
import { noticesOf } from "../outbound/wanted.ts";
import type { Settings } from "../settings/settings.ts";
import type { NewTask } from "../storage/store.ts";
import { holdsOf } from "./holds.ts";

export interface NewTaskInput {
  readonly action: Action;
  readonly params: Readonly<Record<string, string>>;
  readonly startedBy: StartedBy;
  readonly deliveryId: string | null;
  readonly settings: Pick<Settings, "digest" | "freezes" | "notify">;
  readonly report: TaskReport | null;
  /** Nobody but a webhook asks for it. */
  readonly automatic: boolean;
  /** For the first line of its log. */
  readonly note?: string | undefined;
  readonly createdAt: string;
  readonly correlation?: Readonly<Record<string, string>>;
}

export function newTask({ action, settings, automatic, note, ...rest }: NewTaskInput): NewTask {
  const { name, concurrency, runsOn } = action;
  // A task that runs on each of several nodes is led from any; its parts are for one node each.
  const maxParallel = runsOn?.each?.maxParallel ?? null;
  const labels = maxParallel === null ? (runsOn?.labels ?? null) : null;
  const holds = holdsOf({ action, settings, automatic, createdAt: rest.createdAt });
  const notes = [note, holds.note].filter((each) => each !== undefined);
  return {
    id: newId(),
    action: name,
    concurrency,
    runsOn: labels,
    maxParallel,
    settingsDigest: settings.digest,
    ...holds,
    notify: noticesOf(settings.notify, action, rest.report !== null),
    ...(notes.length > 0 && { note: notes.join("; ") }),
    ...rest,
  };
}
