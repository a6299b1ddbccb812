import type { StartedBy } from "../domain/task.ts";
import { persist } from "./persist.ts";
import { releasesApp } from "./roll-back-app.ts";
import { runStep } from "./run-step.ts";
import type { TaskRun } from "./task-run.ts";

/**
 * A rollback runs the one step that releases the app, which goes back instead of forward. Resolves with why it could not,
 * or null. What the other steps did when the release was made is known to templates; nothing of it is undone.
 */
export async function goBack(
  run: TaskRun,
  { app, taskId }: Extract<StartedBy, { type: "rollback" }>,
  signal: AbortSignal,
): Promise<string | null> {
  const index = run.action.steps.findIndex((step) => releasesApp(step, app));
  const definition = run.action.steps[index];
  if (definition === undefined) return `The action ${run.action.name} releases ${app} no more`;
  const origin = await persist(() => run.services.store.getTask(taskId));
  for (const step of origin?.steps ?? []) if (step.phase === "run") run.steps.set(step.index, step);
  try {
    const outcome = await runStep(run, { definition, index, phase: "run" }, signal);
    return outcome.ok ? null : outcome.reason;
  } finally {
    run.steps.clear();
  }
}
