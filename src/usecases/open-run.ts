import type { Action } from "../domain/action.ts";
import type { HookEvent } from "../domain/event.ts";
import { eventIndexOf, type StepRun, type Task } from "../domain/task.ts";
import { createMasker } from "../lib/masking.ts";
import type { Settings } from "../settings/settings.ts";
import type { ClaimedTask } from "../storage/store.ts";
import { recallHealth } from "./health-memory.ts";
import { persist } from "./persist.ts";
import { createProgress, type Progress } from "./progress.ts";
import { describeStored } from "./read-deliveries.ts";
import type { Services } from "./services.ts";
import { createStepProcesses } from "./step-processes.ts";
import { createTaskLog } from "./task-log.ts";
import type { TaskRun } from "./task-run.ts";
import { throttle } from "../lib/throttle.ts";

const PROGRESS_WRITE_MS = 250;

/** Gathers what a run needs. Null when there is nothing to run any more: then the task has been ended, with its reason. */
export async function openRun(services: Services, claimed: ClaimedTask): Promise<TaskRun | null> {
  const { task } = claimed;
  const plan = await planOf(services, claimed);
  if (plan === null) {
    await endUnknown(services, task);
    return null;
  }
  const { action, settings } = plan;
  const githubToken = await deployerToken(services, task);
  const masker = createMasker([...settings.secretValues, ...(githubToken === null ? [] : [githubToken])]);
  const { store, hub, now, logger } = services;
  const onError = (error: unknown): void =>
    logger.error({ err: error, task: task.id }, "Lines of a task's log could not be stored");
  return {
    services,
    task,
    action,
    settings,
    settingsDigest: claimed.settingsDigest,
    masker,
    githubToken,
    event: await eventOf(services, task, plan),
    log: createTaskLog({ store, hub, now, masker, taskId: task.id, maxBytes: action.maxLogBytes, onError }),
    progress: await openProgress(services, task, action),
    processes: createStepProcesses(),
    steps: finishedSteps(task),
  };
}

/** Deploys alone have a user. */
async function deployerToken(
  { store, settings, pairings }: Services,
  { deliveryId }: Task,
): Promise<string | null> {
  if (deliveryId === null || settings.current().deployApps.length === 0) return null;
  const [entry] = await persist(() => store.listDeployEntries({ deliveryId, order: "asc", limit: 1 }));
  return entry === undefined ? null : pairings.repositoryToken(entry.user);
}

interface Plan {
  readonly action: Action;
  readonly settings: Settings;
}

/** The action as it was when the task was accepted; where that text is gone, as it is now. */
async function planOf(services: Services, { task, settingsDigest }: ClaimedTask): Promise<Plan | null> {
  const accepted = await persist(() => services.settings.at(settingsDigest));
  for (const settings of [accepted, services.settings.current()]) {
    const action = settings?.actions[task.action];
    if (settings && action) return { action, settings };
  }
  return null;
}

async function endUnknown(services: Services, task: Task): Promise<void> {
  const now = services.now().toISOString();
  const reason = `The settings have no action ${task.action} any more`;
  const { id } = task;
  const stop = { type: "stop", outcome: "failed" } as const;
  await persist(() => services.store.transition({ id, signal: stop, reason, now }));
  const undone = { type: "undone" } as const;
  await persist(() => services.store.transition({ id, signal: undone, reason: null, now }));
}

/**
 * Only where a template speaks of it: reading a body of megabytes for nothing would cost every task. Null also where the
 * body is gone (a restored backup without it): the steps that need it then fail, and what was done can still be undone.
 */
async function eventOf(services: Services, task: Task, plan: Plan): Promise<HookEvent | null> {
  const { deliveryId } = task;
  if (deliveryId === null || !mentionsEvent(plan.action)) return null;
  const { store } = services;
  const [delivery, body] = await persist(() =>
    Promise.all([store.getDelivery(deliveryId), store.getDeliveryBody(deliveryId)]),
  );
  if (delivery === null || body === null) return null;
  const described = describeStored({ delivery, body, settings: plan.settings });
  if (!described.ok) return null;
  const event = [described.event, ...(described.more ?? [])][eventIndexOf(task.startedBy) ?? 0];
  return event === undefined ? null : persist(() => recallHealth(services, event, delivery));
}

const mentionsEvent = ({ steps, env }: Action): boolean =>
  /\$\{\{[^}]*\bevent\b/.test(JSON.stringify([steps, env]));

async function openProgress(services: Services, task: Task, action: Action): Promise<Progress> {
  const { store, hub } = services;
  const save = throttle(PROGRESS_WRITE_MS, async (progress: number) => {
    await store.setProgress({ id: task.id, progress });
    hub.notify(task.id);
  });
  return createProgress({
    steps: action.steps,
    weights: await persist(() => services.weights.of(action)),
    initial: task.progress,
    // A lost write is made good by the next, and by the task's end.
    onChange: (value) => save(value),
  });
}

/** After a crash: what was done before it. A step that was running then counts as not done. */
function finishedSteps(task: Task): Map<number, StepRun> {
  const done = task.steps.filter((step) => step.phase === "run" && step.state !== "running");
  return new Map(done.map((step) => [step.index, step]));
}
