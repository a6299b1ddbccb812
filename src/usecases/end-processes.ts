import { endMarked, type NamedProcess } from "../lib/processes/end-marked.ts";
import type { Memory } from "../lib/processes/find-marked.ts";
import { STEP_MARKER, TASK_MARKER } from "./command-env.ts";
import { say, stepMarker, type StepPlace, type TaskRun } from "./task-run.ts";

/** Ends whatever the task has started and left behind, and says in the log what was found. */
export function endTaskProcesses(run: TaskRun): Promise<void> {
  return endProcesses(run, { name: TASK_MARKER, value: run.task.id, memory: run.processes.ofTask() });
}

/** The same for one step: what it left behind must not go on beside the next try or the next step. */
export function endStepProcesses(run: TaskRun, place: StepPlace): Promise<void> {
  const value = stepMarker(run, place);
  return endProcesses(run, { name: STEP_MARKER, value, memory: run.processes.ofStep(value) });
}

interface Mark {
  readonly name: string;
  readonly value: string;
  readonly memory: Memory;
}

async function endProcesses(run: TaskRun, mark: Mark): Promise<void> {
  const { found, left } = await endMarked({ ...mark, graceMs: run.action.graceMs });
  if (found.length > 0) say(run, `Ended ${found.length} left-over ${list(found)}`);
  if (left.length > 0) say(run, `Could not end ${left.length} ${list(left)}`);
  else if (found.length > 0) say(run, "Nothing of it runs any more");
}

/** Of a fork bomb the first few say enough. */
const MAX_COMMANDS = 20;
const MAX_PIDS = 3;

/** By command: a hundred children of one kind must not hide what is different. */
function list(processes: readonly NamedProcess[]): string {
  const noun = processes.length === 1 ? "process" : "processes";
  const commands = [...Map.groupBy(processes, ({ command }) => command)].map(
    ([command, same]) =>
      `${command} (${shortened(
        same.map(({ pid }) => String(pid)),
        MAX_PIDS,
      )})`,
  );
  return `${noun}: ${shortened(commands, MAX_COMMANDS)}`;
}

function shortened(texts: readonly string[], most: number): string {
  const more = texts.length > most ? ` and ${texts.length - most} more` : "";
  return texts.slice(0, most).join(", ") + more;
}
