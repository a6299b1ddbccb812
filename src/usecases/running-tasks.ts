/** Why a run is to end before its last step. */
export type StopCause =
  /** The stop is in the store already: cancelled, timed out, superseded or failed. */
  | "stopped"
  /** This server is going down; nothing has been stored about it. */
  | "shutdown";

/** The reason that a run's signal carries when it is aborted. */
export class TaskStopped extends Error {
  readonly stopCause: StopCause;

  /** `reason`: a sentence for the log. */
  constructor(stopCause: StopCause, reason: string) {
    super(reason);
    this.name = "TaskStopped";
    this.stopCause = stopCause;
  }
}

/** The runs under way in this process, so that they can be told to stop. */
export interface RunningTasks {
  /** The signal that a stop of this task aborts; already aborted when the stop came first. */
  register(taskId: string): AbortSignal;
  unregister(taskId: string): void;
  stop(taskId: string, reason: string): void;
  /** Stops every run, and every later one as it registers. */
  shutDown(): void;
}

export function createRunningTasks(): RunningTasks {
  const controllers = new Map<string, AbortController>();
  // A stop may be stored between the claim of a task and the start of its run.
  const early = new Map<string, TaskStopped>();
  const shutdown = new TaskStopped("shutdown", "The server is shutting down");
  let shuttingDown = false;

  return {
    register(taskId) {
      const controller = new AbortController();
      controllers.set(taskId, controller);
      const stopped = early.get(taskId);
      early.delete(taskId);
      if (stopped) controller.abort(stopped);
      else if (shuttingDown) controller.abort(shutdown);
      return controller.signal;
    },
    unregister(taskId) {
      controllers.delete(taskId);
      early.delete(taskId);
    },
    stop(taskId, reason) {
      const stopped = new TaskStopped("stopped", reason);
      const controller = controllers.get(taskId);
      if (controller) controller.abort(stopped);
      else early.set(taskId, stopped);
    },
    shutDown() {
      shuttingDown = true;
      for (const controller of controllers.values()) controller.abort(shutdown);
    },
  };
}
