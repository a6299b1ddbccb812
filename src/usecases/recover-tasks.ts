import { nodeName } from "../domain/node.ts";
import { listMarked } from "../lib/processes/find-marked.ts";
import { endOrphanedLaunchers } from "../lib/processes/orphaned-launchers.ts";
import { pool } from "../lib/pool.ts";
import type { ClaimedTask, TaskLoss } from "../storage/store.ts";
import { TASK_MARKER } from "./command-env.ts";
import { endTaskProcesses } from "./end-processes.ts";
import { servicesOfRun } from "./fenced-store.ts";
import { openRun } from "./open-run.ts";
import { persist } from "./persist.ts";
import { endAfterFault, mayRunAgain, requeue } from "./run-task.ts";
import { putBackStep } from "./run-step.ts";
import type { Services } from "./services.ts";
import { stopTask } from "./stop-task.ts";
import { say, type TaskRun } from "./task-run.ts";
import { endUndone, undoSteps } from "./undo-steps.ts";

/** A task that has taken the server down with it this often is not tried again; neither are its undos. */
const MAX_DEATHS = 3;

/**
 * Finds the tasks that an earlier run of the server left without an end, ends what still runs of them,
 * and takes each up again or ends it as lost, as its action says. Returns how many there were.
 */
export async function recoverTasks(services: Services): Promise<number> {
  const { store, node } = services;
  // Before anybody looks for what the dead server's tasks have left running.
  await endOrphanedLaunchers();
  const orphans = await persist(() => store.orphanedTasks({ node }));
  if (orphans.length === 0) return 0;
  // One look for all: a look for each would keep this process busy for seconds after a crash of many tasks.
  const running = await listMarked(TASK_MARKER);
  const limit = services.settings.current().work.concurrency;
  await pool(limit, orphans, (orphan) => adopt(services, orphan, running.has(orphan.task.id)));
  return orphans.length;
}

async function adopt(services: Services, orphan: ClaimedTask, isRunning: boolean): Promise<void> {
  const { store, node } = services;
  // What is not begun is the next server's as it is.
  if (services.running.abandoned.aborted) return;
  const deaths = await persist(() => store.adoptTask({ id: orphan.task.id, node }));
  await recoverTask(services, orphan, { deaths, node: orphan.task.node }, isRunning);
}

/** The same for one task that this node has taken over already; `isRunning`: it may have left processes. Never rejects. */
export async function recoverTask(
  shared: Services,
  orphan: ClaimedTask,
  loss: TaskLoss,
  isRunning = true,
): Promise<void> {
  const { id } = orphan.task;
  const services = servicesOfRun(shared, orphan.task);
  const signal = services.running.register(id);
  try {
    const run = await openRun(services, orphan);
    if (run !== null) await settle(run, { ...loss, isRunning });
  } catch (error) {
    await endAfterFault(services, id, error);
  } finally {
    services.running.unregister(id, signal);
    services.hub.notify(id);
    services.queue.wake();
  }
}

interface Found extends TaskLoss {
  readonly isRunning: boolean;
}

async function settle(run: TaskRun, { deaths, node, isRunning }: Found): Promise<void> {
  say(run, "The server died while this task ran; this is the next server, cleaning up");
  sayWhatIsElsewhere(run, node);
  if (isRunning) await endTaskProcesses(run);
  const { state } = run.task;
  if (state === "RUNNING" && (await takeUpAgain(run))) return;
  if (deaths < MAX_DEATHS && isOwn(run, node)) await putBackOpenSteps(run);
  await closeOpenSteps(run);
  if (state === "CANCELLING" && deaths >= MAX_DEATHS) await giveUp(run, deaths);
  else await undoSteps(run);
}

const isOwn = ({ services }: TaskRun, node: string | null): boolean =>
  node === null || nodeName(node) === nodeName(services.node);

/** Only a server on that machine can end them: the one that was thought lost, or the next one there. */
function sayWhatIsElsewhere(run: TaskRun, node: string | null): void {
  if (isOwn(run, node)) return;
  const own = nodeName(run.services.node);
  const lost = node === null ? own : nodeName(node);
  say(
    run,
    `It ran on ${lost}; its commands may go on there until ${lost} is back and ends them. This is ${own}`,
  );
}

/** An undo that takes the server down must not do so for ever. */
async function giveUp(run: TaskRun, deaths: number): Promise<void> {
  const givenUp = `the server died ${deaths} times during the undos; they are not tried again`;
  say(run, givenUp);
  await endUndone(run, "undo_failed", `${run.task.reason ?? "Stopped"}; ${givenUp}`);
}

/** True when the task waits again. False: it is CANCELLING now, by us or by a cancel that was faster. */
async function takeUpAgain(run: TaskRun): Promise<boolean> {
  const { task, services } = run;
  const tooOften = task.attempt >= MAX_DEATHS;
  if (mayRunAgain(run) && !tooOften) {
    await run.log.flush();
    if ((await requeue(run)) !== null) return true;
  }
  const died = "The server died while this task ran";
  const reason = tooOften ? `${died}, in attempt ${task.attempt}; it is not tried again` : died;
  say(run, reason);
  await persist(() => stopTask(services, { id: task.id, outcome: "lost", reason }));
  return false;
}

/** What the server was in the middle of, on this machine. */
async function putBackOpenSteps(run: TaskRun): Promise<void> {
  for (const { index, phase, state } of run.task.steps) {
    const definition = run.action.steps[index];
    if (state !== "running" || phase !== "run" || definition === undefined) continue;
    await putBackStep(run, { definition, index, phase });
  }
}

/** No step may stay on record as running. */
async function closeOpenSteps({ task, services }: TaskRun): Promise<void> {
  const endedAt = services.now().toISOString();
  for (const step of task.steps.filter(({ state }) => state === "running")) {
    const closed = { ...step, state: "cancelled", endedAt } as const;
    await persist(() => services.store.putStep({ taskId: task.id, step: closed }));
  }
}
