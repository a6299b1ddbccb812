import { isAbsolute, join, resolve } from "node:path";
import type { Action, StepDefinition } from "../domain/action.ts";
import type { HookEvent } from "../domain/event.ts";
import { nodeName } from "../domain/node.ts";
import type { LogStream, StepRun, Task } from "../domain/task.ts";
import { compileTemplate } from "../lib/expressions.ts";
import { ownIdentity } from "../lib/processes/orphaned-launchers.ts";
import type { Masker } from "../lib/masking.ts";
import type { Settings } from "../settings/settings.ts";
import type { Render } from "../steps/step.ts";
import { asVariable } from "../triggers/match.ts";
import {
  type Inheritor,
  inheritedEnv,
  paramsEnv,
  RUN_MARKER,
  STEP_MARKER,
  TASK_MARKER,
} from "./command-env.ts";
import type { Progress } from "./progress.ts";
import type { Services } from "./services.ts";
import type { StepProcesses } from "./step-processes.ts";
import type { TaskLog } from "./task-log.ts";

/** Everything that belongs to one run of one task, handed to the functions that drive it. */
export interface TaskRun {
  readonly services: Services;
  readonly task: Task;
  readonly action: Action;
  /** Those the task was accepted under. */
  readonly settings: Settings;
  readonly settingsDigest: string;
  /** Null for a task that no delivery started, and where no template asks for it. */
  readonly event: HookEvent | null;
  /** Of the user whose deploy it is, for fetching the archive; null: they gave none, or nobody's. */
  readonly githubToken: string | null;
  readonly log: TaskLog;
  readonly masker: Masker;
  readonly progress: Progress;
  readonly processes: StepProcesses;
  /** Newest record of each step, with its real outputs. */
  readonly steps: Map<number, StepRun>;
}

/** Where in the run something happens. */
export interface StepPlace {
  readonly definition: StepDefinition;
  readonly index: number;
  readonly phase: "run" | "undo";
  /** Its span, for its commands. */
  readonly traceparent?: string;
}

export function say(run: TaskRun, text: string, step: number | null = null): void {
  run.log.write({ stream: "system", step, text });
}

export function output(run: TaskRun, step: number, stream: LogStream, text: string): void {
  run.log.write({ stream, step, text });
}

/** Replaces `${{ … }}`; an expression that fails throws with the sentence that says why. */
export function renderer(run: TaskRun): Render {
  const vars = templateVars(run);
  return (template) => compileTemplate(template)(vars);
}

function templateVars({ task, event, steps }: TaskRun): Record<string, unknown> {
  const byName = [...steps.values()].map((step) => [
    step.name,
    { outputs: step.outputs, exit_code: step.exitCode, state: step.state },
  ]);
  return {
    params: task.params,
    event: event === null ? {} : asVariable(event),
    task: { id: task.id, action: task.action, attempt: task.attempt, created_at: task.createdAt },
    steps: Object.fromEntries(byName),
  };
}

/** The clean environment of a step's commands. */
export function stepEnv(
  run: TaskRun,
  { definition, index, phase, traceparent }: StepPlace,
  inheritor: Inheritor,
): Record<string, string> {
  const render = renderer(run);
  const renderAll = (env: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(env).map(([name, value]) => [name, render(value)]));
  return {
    ...inheritedEnv(process.env, inheritor),
    ...(traceparent !== undefined && { TRACEPARENT: traceparent }),
    ...renderAll(run.action.env),
    ...renderAll(definition.env),
    ...paramsEnv(run.task.params),
    HOOKWRIGHT_ACTION: run.action.name,
    HOOKWRIGHT_NODE: nodeName(run.services.node),
    [TASK_MARKER]: run.task.id,
    [RUN_MARKER]: `${ownIdentity()}/${run.task.id}`,
    [STEP_MARKER]: stepMarker(run, { index, phase }),
  };
}

export const stepMarker = (run: TaskRun, { index, phase }: Pick<StepPlace, "index" | "phase">): string =>
  `${run.task.id}/${phase}/${index}`;

/** The action's folder, absolute: its own, or the one that is kept for it. */
export function baseWorkdir({ action, settings }: Pick<TaskRun, "action" | "settings">): string {
  const base = action.workdir ?? join(settings.work.dir, action.name);
  return isAbsolute(base) ? base : resolve(settings.dir, base);
}

/** The step's folder: its own, from the action's. */
export const stepWorkdir = (run: TaskRun, definition: StepDefinition): string =>
  resolve(baseWorkdir(run), definition.workdir ?? ".");
