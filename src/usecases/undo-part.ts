import { persist } from "./persist.ts";
import type { TaskRun } from "./task-run.ts";
import { undoAll } from "./undo-steps.ts";

/**
 * Undoes what another task, which has succeeded, has done. Resolves with why it could not, or null. A stop in between does
 * not keep it from going on: half undone is worse than either.
 */
export async function undoPart(run: TaskRun, partId: string): Promise<string | null> {
  const part = await persist(() => run.services.store.getTask(partId));
  if (part === null) return `There is no task ${partId} any more to undo`;
  for (const step of part.steps.filter(({ phase }) => phase === "run")) run.steps.set(step.index, step);
  return (await undoAll(run)) === "failed" ? "An undo failed" : null;
}
