/** Environment variable that marks every process of a task, so that none can hide from a cancel by leaving its group. */
export const TASK_MARKER = "HOOKWRIGHT_TASK_ID";
/** The one that says which process has started it: `SERVER/TASK`, the server by pid and start time. */
export const RUN_MARKER = "HOOKWRIGHT_RUN_ID";
/** The one that marks the processes of one step of it. */
export const STEP_MARKER = "HOOKWRIGHT_STEP_ID";
