import { AppError } from "../domain/errors.ts";
import { endMarked } from "../lib/processes/end-marked.ts";
import { TASK_MARKER } from "./command-env.ts";
import { TaskStopped } from "./running-tasks.ts";
import type { Services } from "./services.ts";

const GRACE_MS = 2_000;

/** Whether a run broke off because the task is another node's now. */
export const isLost = (error: unknown): boolean =>
  (error instanceof AppError && error.code === "task:not_owner") ||
  (error instanceof TaskStopped && error.stopCause === "lost");

/** The task's record is another node's to write: here its commands are ended, and nothing else is done. */
export async function leaveTask({ logger }: Services, id: string): Promise<void> {
  const { found, left } = await endMarked({ name: TASK_MARKER, value: id, graceMs: GRACE_MS });
  logger.warn(
    { task: id, ended: found.length - left.length, left: left.length },
    "Another node has taken a task over, because this one was not heard of; its commands here are ended",
  );
}
