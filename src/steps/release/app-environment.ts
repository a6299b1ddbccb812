import { STEP_MARKER, TASK_MARKER } from "../../domain/process-marks.ts";

/** Of the step's environment, what an app gets that goes on after the task: nothing that marks it as the task's. */
export const appEnvironment = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name !== TASK_MARKER && name !== STEP_MARKER));
