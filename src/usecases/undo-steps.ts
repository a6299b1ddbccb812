import type { StepDefinition } from "../domain/action.ts";
import type { Task } from "../domain/task.ts";
import { TASK_MARKER } from "./command-env.ts";
import { endProcesses } from "./end-processes.ts";
import { persist } from "./persist.ts";
import { runStep, startTimer } from "./run-step.ts";
import { TaskStopped } from "./running-tasks.ts";
import { say, type TaskRun } from "./task-run.ts";

/**
 * From CANCELLING to the end: everything the task started is ended, then the steps that were done are undone,
 * last first. An undo that fails does not keep the others from running.
 */
export async function undoTask(run: TaskRun): Promise<Task | null> {
  await endProcesses(run, { name: TASK_MARKER, value: run.task.id });
  let failed = false;
  for (const { definition, index } of pendingUndos(run)) {
    const outcome = await undoStep(run, definition, index);
    if (outcome !== null) say(run, outcome, index);
    failed ||= outcome !== null;
  }
  await run.log.flush();
  return persist(() =>
    run.services.store.transition({
      id: run.task.id,
      signal: { type: failed ? "undo_failed" : "undone" },
      reason: null,
      now: run.services.now().toISOString(),
    }),
  );
}

/** Steps on record as done that have an undo which is not on record as done (before a crash). */
function pendingUndos({ action, steps, task }: TaskRun): { definition: StepDefinition; index: number }[] {
  const undone = new Set(
    task.steps
      .filter((step) => step.phase === "undo" && step.state === "succeeded")
      .map((step) => step.index),
  );
  return action.steps
    .map((step, index) => ({ definition: step.undo, index }))
    .filter((entry): entry is { definition: StepDefinition; index: number } => entry.definition !== null)
    .filter(({ index }) => steps.get(index)?.state === "succeeded" && !undone.has(index))
    .toReversed();
}

/** The reason why it failed, or null. An undo has the time of a whole task: it must end one day. */
async function undoStep(run: TaskRun, definition: StepDefinition, index: number): Promise<string | null> {
  const controller = new AbortController();
  const timer = startTimer(run.action.timeoutMs, () =>
    controller.abort(new TaskStopped("stopped", "The undo took too long")),
  );
  const outcome = await runStep(run, { definition, index, phase: "undo" }, controller.signal);
  clearTimeout(timer);
  if (controller.signal.aborted) await endProcesses(run, { name: TASK_MARKER, value: run.task.id });
  return outcome.ok ? null : outcome.reason;
}
