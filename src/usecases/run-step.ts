import { join } from "node:path";
import { AppError } from "../domain/errors.ts";
import type { StepRun, StepState } from "../domain/task.ts";
import { formatDuration } from "../lib/duration.ts";
import { createOutboundFetch } from "../lib/outbound.ts";
import { runCommand } from "../lib/processes/run-command.ts";
import { parseProgress } from "../lib/progress-line.ts";
import { recoverStep, runStep as runStepKind, stepTitle } from "../steps/registry.ts";
import type { StepContext, StepResult } from "../steps/step.ts";
import { confine, type Confinement } from "./confinement.ts";
import { endStepProcesses } from "./end-processes.ts";
import { githubToken } from "./github-access.ts";
import { persist } from "./persist.ts";
import { releaseBook } from "./release-book.ts";
import {
  baseWorkdir,
  output,
  renderer,
  say,
  stepEnv,
  stepMarker,
  stepWorkdir,
  type StepPlace,
  type TaskRun,
} from "./task-run.ts";
import { messageOf } from "../lib/message-of.ts";

/** A step's own time was up; the task may still go on (`retries`, `continue_on_error`). */
class StepTimedOut extends Error {}

export type StepOutcome =
  | { readonly ok: true }
  /** `reason`: a sentence that names the step. */
  | { readonly ok: false; readonly reason: string };

/**
 * Runs one step or undo with its retries, on record from before its start to its end.
 * Resolves with how it went; also when `signal` stopped it, which the caller has to look at itself.
 */
export async function runStep(run: TaskRun, given: StepPlace, signal: AbortSignal): Promise<StepOutcome> {
  const span = run.services.traces?.step(run, given);
  const place = span === undefined ? given : { ...given, traceparent: span.traceparent };
  const { definition, index } = place;
  const startedAt = run.services.now().toISOString();
  announce(run, place);
  const started = recordStart(run, place, startedAt);
  const tries = definition.retries + 1;
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryStep(run, place, signal);
    if (result.ok || signal.aborted || attempt >= tries) {
      // Else a store that was away for a moment could take the start after the end.
      await started;
      span?.end({ state: stateOf(result, signal), exitCode: result.exitCode, tries: attempt });
      await recordEnd(run, place, { startedAt, result, state: stateOf(result, signal) });
      return result.ok ? { ok: true } : { ok: false, reason: result.reason };
    }
    say(run, `${result.reason}; trying again (${attempt + 1} of ${tries})`, index);
  }
}

type TryResult =
  | ({ readonly ok: true } & StepResult)
  | {
      readonly ok: false;
      readonly reason: string;
      readonly exitCode: number | null;
      readonly outputs?: StepResult["outputs"];
    };

async function tryStep(run: TaskRun, place: StepPlace, signal: AbortSignal): Promise<TryResult> {
  const { definition, index, phase } = place;
  const timeout = new AbortController();
  const timer = startTimer(definition.timeoutMs, () => timeout.abort(new StepTimedOut()));
  try {
    const context = await stepContext(run, place, AbortSignal.any([signal, timeout.signal]));
    const { kind, options } = definition;
    const result = await runStepKind({ kind, options, render: renderer(run), context });
    return { ok: true, ...result };
  } catch (error) {
    const label = `${phase === "undo" ? "Undo of step" : "Step"} ${definition.name}`;
    // The whole task's processes are ended by whoever stopped it.
    if (!signal.aborted) await endStepProcesses(run, place);
    if (timeout.signal.aborted) {
      const limit = formatDuration(definition.timeoutMs ?? 0);
      return { ok: false, reason: `${label} took longer than ${limit}`, exitCode: null };
    }
    return {
      ok: false,
      reason: `${label} failed: ${explain(run, error, index)}`,
      exitCode: exitCodeOf(error),
      outputs: outputsOf(error),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Never rejects: what can't be put back is in the log, for people. */
export async function putBackStep(run: TaskRun, place: StepPlace): Promise<void> {
  const { kind, options } = place.definition;
  try {
    const context = await stepContext(run, place, afterStop(run));
    await recoverStep({ kind, options, render: renderer(run), context });
  } catch (error) {
    say(
      run,
      `What the step had begun could not be put back: ${explain(run, error, place.index)}`,
      place.index,
    );
  }
}

/** Longer than a timer can hold means no limit. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function startTimer(ms: number | null, onEnd: () => void): NodeJS.Timeout | undefined {
  return ms === null || ms > MAX_TIMER_MS ? undefined : setTimeout(onEnd, ms);
}

function explain(run: TaskRun, error: unknown, index: number): string {
  if (error instanceof AppError) return error.message;
  run.services.logger.debug({ err: error, task: run.task.id, step: index }, "A step threw");
  return messageOf(error);
}

function exitCodeOf(error: unknown): number | null {
  const code = error instanceof AppError ? error.details["exit_code"] : null;
  return typeof code === "number" ? code : null;
}

/** What a step that failed tells others by a stable word. */
function outputsOf(error: unknown): Record<string, string> {
  const code = error instanceof AppError ? error.details["error"] : null;
  return typeof code === "string" ? { error: code } : {};
}

async function stepContext(run: TaskRun, place: StepPlace, signal: AbortSignal): Promise<StepContext> {
  const { definition } = place;
  const { action, settings } = run;
  const workdir = stepWorkdir(run, definition);
  const confinement = await confine({ action, settings, base: baseWorkdir(run), definition });
  await confinement.makeFolder(workdir, false);
  return createContext(run, place, { workdir, signal, confinement });
}

/** What a step may take, once it is stopped, to put things back. */
const PUT_BACK_MS = 60_000;

/** Aborts also when this server has no time left, or no say any more. */
function afterStop({ services: { running }, task }: TaskRun): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(PUT_BACK_MS), running.abandoned, running.lost(task.id)]);
}

interface ContextParts extends Pick<StepContext, "workdir" | "signal"> {
  readonly confinement: Confinement;
}

function createContext(
  run: TaskRun,
  place: StepPlace,
  { workdir, signal, confinement }: ContextParts,
): StepContext {
  const { index, definition } = place;
  const { startedBy } = run.task;
  const env = stepEnv(run, place, confinement);
  const marker = stepMarker(run, place);
  const { github } = run.settings;
  // What an undo says of itself is no progress of the task.
  const report = (percent: number): void => {
    if (place.phase === "run") run.progress.report(percent);
  };
  const onLine = (stream: "stdout" | "stderr", line: string): void => {
    const percent = parseProgress(line);
    if (percent === null) output(run, index, stream, line);
    else report(percent);
  };
  const log = (text: string): void => say(run, text, index);
  const goesBack = startedBy.type === "rollback" && definition.kind === "release";
  return {
    taskId: run.task.id,
    signal,
    workdir,
    env,
    github: {
      apiUrl: github.apiUrl,
      token: async (repository) =>
        run.githubToken ?? githubToken(run.services, github, repository, { signal, log }),
    },
    now: run.services.now,
    appsDir: join(run.settings.dataDir, "apps"),
    releases: releaseBook(run, place),
    goBackTo: goesBack ? { release: startedBy.release } : null,
    afterStop: () => createContext(run, place, { workdir, signal: afterStop(run), confinement }),
    appArgv: (argv) => confinement.appArgv(argv),
    makeFolder: (dir) => confinement.makeFolder(dir, true),
    confined: confinement.confined,
    fetch: run.services.fetch,
    fetchTrusting: (ca) =>
      createOutboundFetch({ allowCidrs: run.services.settings.current().outbound.allowCidrs, ca }),
    download: run.services.download,
    log,
    progress: report,
    command: ({ quiet = false, argv, cwd = workdir, ...options }) =>
      runCommand({
        ...options,
        cwd,
        argv: confinement.argv(argv, cwd),
        env: { ...env, ...options.env },
        signal,
        graceMs: run.action.graceMs,
        masker: run.masker,
        onLine: quiet ? () => undefined : onLine,
        onStop: () => run.processes.look(marker),
        onOutlived: (group) => run.processes.look(marker, group),
      }),
  };
}

function announce(run: TaskRun, { definition, index, phase }: StepPlace): void {
  const of = `${index + 1}/${run.action.steps.length}`;
  const title = stepTitle({ ...definition, render: renderer(run) });
  const name = definition.name === stepTitle(definition) ? title : `${definition.name}: ${title}`;
  say(run, phase === "undo" ? `Undoing step ${of}: ${name}` : `Step ${of}: ${name}`, index);
}

/**
 * The step does not wait for it: the store keeps the order, and a step that is not on record when the server dies
 * is found by the marker of its processes. Never rejects.
 */
async function recordStart(run: TaskRun, place: StepPlace, startedAt: string): Promise<void> {
  const step = record(place, { state: "running", exitCode: null, outputs: {}, startedAt, endedAt: null });
  try {
    await persist(() => run.services.store.putStep({ taskId: run.task.id, step }));
  } catch (error) {
    run.services.logger.error({ err: error, task: run.task.id }, "The start of a step is not on record");
  }
}

interface StepEnd {
  readonly startedAt: string;
  readonly result: TryResult;
  readonly state: StepState;
}

const stateOf = ({ ok }: TryResult, { aborted }: AbortSignal): StepState =>
  ok ? "succeeded" : aborted ? "cancelled" : "failed";

async function recordEnd(run: TaskRun, place: StepPlace, end: StepEnd): Promise<void> {
  const { startedAt, result, state } = end;
  const { store, hub, now } = run.services;
  const outputs = result.outputs ?? {};
  const endedAt = now().toISOString();
  const step = record(place, { state, exitCode: result.exitCode, outputs, startedAt, endedAt });
  if (place.phase === "run") run.steps.set(place.index, step);
  // What later steps see is real; what is stored can be seen by people.
  const masked = mapValues(outputs, (value) => run.masker.mask(value));
  await persist(() => store.putStep({ taskId: run.task.id, step: { ...step, outputs: masked } }));
  hub.notify(run.task.id);
}

function record(
  { definition, index, phase }: StepPlace,
  rest: Pick<StepRun, "state" | "exitCode" | "outputs" | "startedAt" | "endedAt">,
): StepRun {
  return { index, phase, name: definition.name, kind: definition.kind, ...rest };
}

const mapValues = (
  values: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
