import { setTimeout as delay } from "node:timers/promises";
import { EventEmitter } from "node:events";
import {
  Logger,
  run as startRunner,
  type Runner,
  type Task,
  type TaskList,
  type WorkerEvents,
} from "graphile-worker";
import type { Pool } from "pg";
import { within } from "../lib/within.ts";
import { jobPayload, RUN, runOn } from "../storage/job-names.ts";
import type { Store, TakenTask } from "../storage/store.ts";
import { isLeader, type Queue, type TaskHandlers } from "./queue.ts";

export interface PostgresQueueOptions {
  readonly store: Pick<Store, "takeTask">;
  /** Connections of the engine's own: one listens, the others are used for moments only. */
  readonly pool: Pool;
  readonly node: string;
  readonly labels: readonly string[];
  /** Tasks at once; looked at again by `wake`. */
  readonly concurrency: () => number;
  readonly now?: () => Date;
  /** Safety net for a notification that got lost. */
  readonly pollMs?: number;
  /** Whether this node may have been taken for lost since then (of `performance.now()`), and its jobs handed to others. */
  readonly isDoubtful: (since: number) => boolean;
  readonly onError: (error: unknown) => void;
}

const AGAIN_MS = 1_000;
/** For an engine with nothing under way to end. */
const STOP_MS = 5_000;
const DOUBT = "this node may have been taken for lost";

/**
 * The queue of many servers: graphile-worker hands out jobs, each of which says that a task has to be looked at; the store
 * says what is to be done with it. Its own retries are not used: a job never fails for what its task did.
 */
export function createPostgresQueue(options: PostgresQueueOptions): Queue {
  const { store, pool, node, labels, concurrency, pollMs = 1_000, onError } = options;
  const { now = () => new Date(), isDoubtful } = options;
  const jobs = new Set<string>();
  const underWay = new Set<Promise<void>>();
  const leading = new Set<Promise<void>>();
  const engines = new Set<Engine>();
  const names = [RUN, ...labels.map(runOn)];
  let handlers: TaskHandlers | null = null;
  let draining = false;
  let starting: Promise<void> = Promise.resolve();

  /** A job that is done is deleted, whoever has it now; one that failed is let go only by who has it. */
  const look: Task = async (payload, { job }) => {
    if (handlers === null) return;
    const began = performance.now();
    const done = handle(jobPayload.parse(payload).task, handlers).catch(onError);
    underWay.add(done);
    jobs.add(job.id);
    await done;
    underWay.delete(done);
    jobs.delete(job.id);
    if (isDoubtful(began)) throw new Error(DOUBT);
  };

  async function handle(id: string, { run, recover }: TaskHandlers): Promise<void> {
    const taken = await take(id);
    if (taken.type !== "run" && taken.type !== "recover") return;
    const { claimed } = taken;
    const handling = taken.type === "run" ? run(claimed) : recover(claimed, taken.loss);
    if (isLeader(claimed)) lead(handling);
    else await handling;
  }

  /** Beside the slots, and beside the engine: should this node be lost, `handOn` finds the task without a job. */
  function lead(handling: Promise<void>): void {
    const done = handling.catch(onError).finally(() => leading.delete(done));
    leading.add(done);
  }

  /** Tries until the store answers: given up, the job would be handed out again only after the engine's own pause. */
  async function take(id: string): Promise<TakenTask> {
    for (;;) {
      try {
        return await store.takeTask({ id, node, labels, now: now().toISOString() });
      } catch (error) {
        onError(error);
        if (draining) return { type: "none" };
        await delay(AGAIN_MS);
      }
    }
  }

  /** Tries until it runs; whenever it ends by itself, another one takes its place. */
  async function startEngine(): Promise<void> {
    while (!draining) {
      const events: WorkerEvents = new EventEmitter();
      const engine: Engine = {
        pool: null,
        slots: concurrency(),
        runner: null,
        stopped: Promise.resolve(),
      };
      events.on("pool:create", ({ workerPool }) => {
        engine.pool = workerPool.id;
      });
      events.on("pool:gracefulShutdown", () => {
        if (engine.runner !== null && !draining) replace(engine);
      });
      engines.add(engine);
      try {
        engine.runner = await startRunner({
          pgPool: pool,
          taskList: Object.fromEntries(names.map((name) => [name, look])) satisfies TaskList,
          concurrency: engine.slots,
          pollInterval: pollMs,
          noHandleSignals: true,
          logger: new Logger(() => (level, message) => {
            if (level === "error" && !message.includes(DOUBT)) onError(new Error(message));
          }),
          events,
        });
        watch(engine, engine.runner);
        return;
      } catch (error) {
        engines.delete(engine);
        onError(error);
        await delay(AGAIN_MS);
      }
    }
  }

  /** What it has under way goes on; nothing new is handed out by it. */
  function replace(engine: Engine): void {
    engine.runner = null;
    begin();
  }

  function begin(): void {
    starting = starting.then(startEngine);
  }

  function watch(engine: Engine, runner: Runner): void {
    const ended = (): void => {
      engines.delete(engine);
      if (engine.runner !== null && !draining) replace(engine);
    };
    runner.promise.then(ended, (error: unknown) => {
      onError(error);
      ended();
    });
  }

  async function stopEngine(engine: Engine): Promise<void> {
    const { runner } = engine;
    engine.runner = null;
    if (runner !== null) engine.stopped = runner.stop().catch(onError);
    // By whoever: its connections must last until it has let its jobs go.
    await engine.stopped;
  }

  /**
   * A claim that was under way when draining began may still bring tasks: they are ours already, so they are run. While the
   * database is away the engine goes on trying to claim, for hours; that is not waited for.
   */
  async function allEnded(): Promise<void> {
    const stopped = starting.then(() => Promise.all([...engines].map(stopEngine)));
    do {
      await Promise.all([...underWay, ...leading]);
      await within(STOP_MS, stopped);
    } while (underWay.size + leading.size > 0);
  }

  return {
    shared: true,
    get holdings() {
      const pools = [...engines].flatMap(({ pool: id }) => (id === null ? [] : [id]));
      return { pools, jobs: [...jobs] };
    },
    start(given) {
      handlers = given;
      begin();
    },
    wake() {
      const newest = [...engines].find(({ runner }) => runner !== null);
      if (newest === undefined || newest.slots === concurrency()) return;
      void stopEngine(newest);
      begin();
    },
    drain(timeoutMs) {
      draining = true;
      return within(timeoutMs, allEnded());
    },
    stop() {
      draining = true;
      for (const engine of engines) void stopEngine(engine);
    },
    get running() {
      return underWay.size + leading.size;
    },
  };
}

interface Engine {
  /** The name by which it locks jobs. */
  pool: string | null;
  readonly slots: number;
  /** Null before it runs and once it is to end. */
  runner: Runner | null;
  /** Once it is to end: resolves when it has. */
  stopped: Promise<void>;
}
