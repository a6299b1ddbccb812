import type { StepDefinition } from "../domain/action.ts";
import type { Task } from "../domain/task.ts";
import { endTaskProcesses } from "./end-processes.ts";
import { undoParts } from "./parts.ts";
import { persist } from "./persist.ts";
import { runStep, startTimer } from "./run-step.ts";
import { TaskStopped } from "./running-tasks.ts";
import { say, type TaskRun } from "./task-run.ts";

/** From CANCELLING to the end: everything the task started is ended, then what was done is undone. See `undoSteps`. */
export async function undoTask(run: TaskRun): Promise<Task | null> {
  await endTaskProcesses(run);
  await saveProgress(run);
  return undoSteps(run);
}

/**
 * Undoes the steps that were done, last first. An undo that fails does not keep the others from running. Null when this
 * server has no time for the rest: the task stays CANCELLING, and the next server goes on.
 */
export async function undoSteps(run: TaskRun): Promise<Task | null> {
  const result = run.task.maxParallel === null ? await undoAll(run) : await undoParts(run);
  if (result === "left") return leave(run);
  return endUndone(run, result === "failed" ? "undo_failed" : "undone");
}

/** The undos alone. `left`: the server has no time for the rest. */
export async function undoAll(run: TaskRun): Promise<"undone" | "failed" | "left"> {
  const { abandoned } = run.services.running;
  let failed = false;
  for (const { definition, index } of pendingUndos(run)) {
    const outcome = abandoned.aborted ? null : await undoStep(run, definition, index);
    if (abandoned.aborted) return "left";
    if (outcome !== null) say(run, outcome, index);
    failed ||= outcome !== null;
  }
  return failed ? "failed" : "undone";
}

/** While the task runs it is written down now and then only: the last of it must not be lost. */
function saveProgress({ services, task, progress }: TaskRun): Promise<void> {
  return persist(() => services.store.setProgress({ id: task.id, progress: progress.value }));
}

async function leave(run: TaskRun): Promise<null> {
  say(run, "The server is shutting down; the next one goes on with the undos");
  await run.log.flush();
  return null;
}

/** From CANCELLING to its end. `reason`: instead of why the task was stopped. */
export async function endUndone(
  run: TaskRun,
  type: "undone" | "undo_failed",
  reason: string | null = null,
): Promise<Task | null> {
  await run.log.flush();
  const { store, now } = run.services;
  return persist(() =>
    store.transition({ id: run.task.id, signal: { type }, reason, now: now().toISOString() }),
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
  const { abandoned, lost } = run.services.running;
  const signal = AbortSignal.any([controller.signal, abandoned, lost(run.task.id)]);
  const outcome = await runStep(run, { definition, index, phase: "undo" }, signal);
  clearTimeout(timer);
  if (signal.aborted) await endTaskProcesses(run);
  return outcome.ok ? null : outcome.reason;
}
