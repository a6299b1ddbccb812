import { endMarked } from "../lib/processes/end-marked.ts";
import { say, type TaskRun } from "./task-run.ts";

/** Ends whatever a task, or a step of it, has started and left behind, and says in the log what was found. */
export async function endProcesses(
  run: TaskRun,
  marker: { readonly name: string; readonly value: string },
): Promise<void> {
  const { found, left } = await endMarked({ ...marker, graceMs: run.action.graceMs });
  if (found.length > 0) say(run, `Ended ${found.length} left-over ${list(found)}`);
  if (left.length > 0) say(run, `Could not end ${left.length} ${list(left)}`);
  else if (found.length > 0) say(run, "Nothing of it runs any more");
}

function list(processes: readonly { readonly pid: number; readonly command: string }[]): string {
  const noun = processes.length === 1 ? "process" : "processes";
  return `${noun}: ${processes.map(({ pid, command }) => `${command} (${pid})`).join(", ")}`;
}
