import type { Task } from "../domain/task.ts";
import { formatDuration } from "../lib/duration.ts";
import type { ClaimedTask } from "../storage/store.ts";
import { endMarked } from "../lib/processes/end-marked.ts";
import { TASK_MARKER } from "./command-env.ts";
import { endTaskProcesses } from "./end-processes.ts";
import { servicesOfRun } from "./fenced-store.ts";
import { isLost, leaveTask } from "./leave-task.ts";
import { goBack } from "./go-back.ts";
import { openRun } from "./open-run.ts";
import { runParts } from "./parts.ts";
import { persist } from "./persist.ts";
import { runStep, startTimer } from "./run-step.ts";
import { TaskStopped } from "./running-tasks.ts";
import type { Services } from "./services.ts";
import { stopTask, type StopInput } from "./stop-task.ts";
import { say, type TaskRun } from "./task-run.ts";
import { undoPart } from "./undo-part.ts";
import { undoTask } from "./undo-steps.ts";
import { messageOf } from "../lib/message-of.ts";

/**
 * Drives one claimed task to its end: COMPLETED, or CANCELLING and its undos. Never rejects for anything that
 * the task did; every end is on record with its reason.
 */
export async function runTask(shared: Services, claimed: ClaimedTask): Promise<void> {
  const { id } = claimed.task;
  const services = servicesOfRun(shared, claimed.task);
  const signal = services.running.register(id);
  try {
    const run = await openRun(services, claimed);
    if (run !== null) await drive(run, signal);
  } catch (error) {
    await endAfterFault(services, id, error);
  } finally {
    services.running.unregister(id, signal);
    services.hub.notify(id);
  }
}

async function drive(run: TaskRun, signal: AbortSignal): Promise<void> {
  let timedOut: Promise<void> = Promise.resolve();
  const timer = startTimer(run.action.timeoutMs, () => {
    timedOut = timeOut(run);
  });
  onAbort(signal, (reason) => say(run, `Stopping: ${reason}`));
  try {
    await work(run, signal);
  } finally {
    clearTimeout(timer);
  }
  await timedOut;
  if (isLost(signal.reason)) throw signal.reason;
  if (isShutdown(signal)) return endForShutdown(run);
  if (!signal.aborted && (await complete(run))) return undefined;
  await undoTask(run);
  return undefined;
}

/** What the task is there for; a failure is on record when this resolves. */
async function work(run: TaskRun, signal: AbortSignal): Promise<void> {
  const { startedBy, maxParallel } = run.task;
  const ownSteps = startedBy.type !== "undo" && startedBy.type !== "rollback";
  if (ownSteps && maxParallel === null) return runSteps(run, signal);
  const failing =
    startedBy.type === "undo"
      ? undoPart(run, startedBy.part)
      : startedBy.type === "rollback"
        ? goBack(run, startedBy, signal)
        : runParts(run, signal);
  const reason = await failing;
  if (reason !== null && !signal.aborted) await stop(run, { outcome: "failed", reason });
  return undefined;
}

/** Says why in the log at once, before the commands get their grace period. */
function onAbort(signal: AbortSignal, react: (reason: string) => void): void {
  const tell = (): void => react(signal.reason instanceof Error ? signal.reason.message : "");
  if (signal.aborted) tell();
  else signal.addEventListener("abort", tell, { once: true });
}

/** Runs the steps in order, until one fails or the signal stops the run; a failure is on record when this resolves. */
async function runSteps(run: TaskRun, signal: AbortSignal): Promise<void> {
  for (const [index, definition] of run.action.steps.entries()) {
    if (signal.aborted) return;
    run.progress.stepStarted(index);
    const outcome = await runStep(run, { definition, index, phase: "run" }, signal);
    if (signal.aborted) return;
    if (!outcome.ok && !definition.continueOnError) {
      await stop(run, { outcome: "failed", reason: outcome.reason });
      return;
    }
    if (!outcome.ok) say(run, `${outcome.reason}; going on (continue_on_error)`, index);
    run.progress.stepEnded(index);
  }
}

/**
 * False when somebody stopped the task first. The log is stored before: who sees the end must be able to read
 * all of it.
 */
async function complete(run: TaskRun): Promise<boolean> {
  await run.log.flush();
  const signal = { type: "complete" } as const;
  const { store, now } = run.services;
  const id = run.task.id;
  const task = await persist(() => store.transition({ id, signal, reason: null, now: now().toISOString() }));
  if (task !== null) return true;
  // The write may have been done and only its answer lost: what is completed must not be undone.
  const found = await persist(() => store.getTask(id));
  return found?.state === "COMPLETED";
}

async function stop(run: TaskRun, input: Omit<StopInput, "id">): Promise<void> {
  const reason = run.masker.mask(input.reason);
  await persist(() => stopTask(run.services, { ...input, reason, id: run.task.id }));
}

/** The commands are stopped at once, also while the store is away; resolves when the timeout is on record. Never rejects. */
async function timeOut(run: TaskRun): Promise<void> {
  const reason = `Took longer than ${formatDuration(run.action.timeoutMs)}`;
  const stored = stop(run, { outcome: "timed_out", reason });
  run.services.running.stop(run.task.id, reason);
  try {
    await stored;
  } catch (error) {
    run.services.logger.error({ err: error, task: run.task.id }, "A task's timeout is not on record");
  }
}

const isShutdown = (signal: AbortSignal): boolean =>
  signal.reason instanceof TaskStopped && signal.reason.stopCause === "shutdown";

/** The drain was over before the task: the same rule as after a crash, but in good order. */
async function endForShutdown(run: TaskRun): Promise<void> {
  if (mayRunAgain(run)) {
    await endTaskProcesses(run);
    await run.log.flush();
    if ((await requeue(run)) !== null) return;
  } else {
    await stop(run, { outcome: "lost", reason: "The server was shut down while the task ran" });
  }
  await undoTask(run);
}

/**
 * Whether a task that was interrupted is taken up again. One that leads others, or undoes, always is: it finds on record
 * what has been done.
 */
export const mayRunAgain = ({ action, task }: Pick<TaskRun, "action" | "task">): boolean =>
  action.onCrash === "retry" || task.maxParallel !== null || task.startedBy.type === "undo";

export function requeue(run: Pick<TaskRun, "services" | "task">): Promise<Task | null> {
  const { store, now } = run.services;
  const { id } = run.task;
  return persist(() =>
    store.transition({ id, signal: { type: "requeue" }, reason: null, now: now().toISOString() }),
  );
}

const FAULT_GRACE_MS = 5_000;

/** A fault of ours must not leave a task without an end, or its commands running, either. Never rejects. */
export async function endAfterFault(services: Services, id: string, error: unknown): Promise<void> {
  if (isLost(error)) return leaveTask(services, id);
  try {
    await endAsFailed(services, id, error);
  } catch (fault) {
    if (isLost(fault)) return leaveTask(services, id);
    services.logger.error({ err: fault, task: id }, "A task could not be ended");
  }
  return undefined;
}

async function endAsFailed(services: Services, id: string, error: unknown): Promise<void> {
  services.logger.error({ err: error, task: id }, "A run broke off");
  await endMarked({ name: TASK_MARKER, value: id, graceMs: FAULT_GRACE_MS });
  const message = messageOf(error);
  const reason = `The run broke off by a fault of the server: ${message}`;
  await persist(() => stopTask(services, { id, outcome: "failed", reason }));
  await persist(() =>
    services.store.transition({
      id,
      signal: { type: "undo_failed" },
      reason: null,
      now: services.now().toISOString(),
    }),
  );
}
