/** Why a run is to end before its last step. */
export type StopCause =
  /** The stop is in the store already, or on its way there: cancelled, timed out, superseded or failed. */
  | "stopped"
  /** This server is going down; nothing has been stored about it. */
  | "shutdown"
  /** Another node has taken the task over. */
  | "lost";

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
  /** `signal`: what `register` returned. A later run of the same task is not touched. */
  unregister(taskId: string, signal: AbortSignal): void;
  stop(taskId: string, reason: string): void;
  /** The tasks whose runs are under way. */
  ids(): readonly string[];
  /** Another node has taken the task over: ends the run, its undos too. */
  lose(taskId: string): void;
  /** Aborted by `lose`. One that is never aborted where no run is under way. */
  lost(taskId: string): AbortSignal;
  /** Stops every run, and every later one as it registers; their undos still run. */
  shutDown(): void;
  /** Leaves undos to the next server. */
  abandon(): void;
  /** Aborted by `abandon`. */
  readonly abandoned: AbortSignal;
}

/** Stops that came before their run; far more than tasks can be between claim and run. */
const MAX_EARLY = 1_000;

export function createRunningTasks(): RunningTasks {
  const controllers = new Map<string, AbortController>();
  const losses = new Map<string, AbortController>();
  const never = new AbortController().signal;
  // A stop may be stored between the claim of a task and the start of its run. Bounded, because a task that is stopped
  // while it is being recovered never registers.
  const early = new Map<string, TaskStopped>();
  const shutdown = new TaskStopped("shutdown", "The server is shutting down");
  const abandonment = new AbortController();
  let shuttingDown = false;

  function keepEarly(taskId: string, stopped: TaskStopped): void {
    early.set(taskId, stopped);
    const [oldest] = early.keys();
    if (early.size > MAX_EARLY && oldest !== undefined) early.delete(oldest);
  }

  return {
    register(taskId) {
      const controller = new AbortController();
      controllers.set(taskId, controller);
      losses.set(taskId, new AbortController());
      const stopped = early.get(taskId);
      early.delete(taskId);
      if (stopped) controller.abort(stopped);
      else if (shuttingDown) controller.abort(shutdown);
      return controller.signal;
    },
    unregister(taskId, signal) {
      if (controllers.get(taskId)?.signal !== signal) return;
      controllers.delete(taskId);
      losses.delete(taskId);
    },
    stop(taskId, reason) {
      const stopped = new TaskStopped("stopped", reason);
      const controller = controllers.get(taskId);
      if (controller) controller.abort(stopped);
      else keepEarly(taskId, stopped);
    },
    ids: () => [...controllers.keys()],
    lose(taskId) {
      const lost = new TaskStopped("lost", "Another node has taken the task over");
      controllers.get(taskId)?.abort(lost);
      losses.get(taskId)?.abort(lost);
    },
    lost: (taskId) => losses.get(taskId)?.signal ?? never,
    shutDown() {
      shuttingDown = true;
      for (const controller of controllers.values()) controller.abort(shutdown);
    },
    abandon() {
      abandonment.abort(
        new TaskStopped("shutdown", "The server has no more time; the next one goes on with it"),
      );
    },
    abandoned: abandonment.signal,
  };
}
