import { STEP_MARKER, TASK_MARKER } from "../../domain/process-marks.ts";

const OF_THE_TASK: ReadonlySet<string> = new Set([TASK_MARKER, STEP_MARKER, "TRACEPARENT"]);

/** Of the step's environment, what an app gets that goes on after the task: nothing that marks it as the task's. */
export const appEnvironment = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !OF_THE_TASK.has(name)));
