import { AppError } from "../domain/errors.ts";
import { prepareLauncher } from "../lib/processes/launcher.ts";
import { within } from "../lib/within.ts";
import type { Queue } from "../queue/queue.ts";
import { endLeftBehind } from "./end-left-behind.ts";
import type { HoldKeeper } from "./hold-keeper.ts";
import { keepApps } from "./keep-apps.ts";
import type { NodeKeeper } from "./keep-node.ts";
import { recoverTask, recoverTasks } from "./recover-tasks.ts";
import { runTask } from "./run-task.ts";
import type { Services } from "./services.ts";

const REFUSALS_FLUSH_MS = 5_000;
const STORE_ANSWER_MS = 2_000;
/** After that: what ending an undo may take beyond the grace period. */
const LEAVING_MS = 5_000;
/** For each thing to end: a database or a network that doesn't answer must not keep the process. */
const END_MS = 15_000;
/** At the end: for the first attempts of what has been left to tell; the rest is for the next server. */
const SENDING_MS = 5_000;

export interface LifeOptions {
  readonly services: Services;
  readonly queue: Queue;
  readonly keeper: NodeKeeper;
  readonly holds: HoldKeeper;
  /** After the drain: what ending the commands and running their undos may take beyond the grace period. Default: a minute. */
  readonly endingMs?: number;
}

/** The course of a server's life: working, draining, ended. */
export interface Life {
  /** Puts this node on record. */
  join(): Promise<void>;
  /** Takes over what a dead server left, and begins to run tasks. */
  work(): void;
  /** Rejects when the server can't take on work. */
  checkReady(): Promise<void>;
  /** Throws once it is closing. */
  checkOpen(): void;
  /** Something to end after the tasks and before the store, in this order. */
  onEnd(end: () => void | Promise<void>): void;
  /**
   * Takes on nothing new, waits for the running tasks, ends. Called again, it waits no longer: what runs is stopped and
   * undone, or left for the next server to run again, as its action says (`on_crash`).
   */
  close(): Promise<void>;
  /** Resolves when it has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

export function createLife({ services, queue, keeper, holds, endingMs = 60_000 }: LifeOptions): Life {
  const { store, logger, running, refusals, settings } = services;
  const closed = Promise.withResolvers<void>();
  const impatient = Promise.withResolvers<false>();
  const ends: (() => void | Promise<void>)[] = [];
  const closing = new AbortController();
  let recovery: Promise<unknown> = Promise.resolve();
  const flusher = setInterval(() => {
    refusals.flush().catch((error: unknown) => logger.warn({ err: error }, "Counters not stored"));
  }, REFUSALS_FLUSH_MS);

  function checkOpen(): void {
    if (closing.signal.aborted) throw new AppError("server:draining", undefined, { retryAfter: 5 });
  }

  /** False when something is still under way after `ms`. */
  async function idle(ms: number): Promise<boolean> {
    const [drained, recovered] = await Promise.all([queue.drain(ms), within(ms, recovery)]);
    return drained && recovered;
  }

  /** In good order if there is the time; each further stage is rougher, and the next server makes up for the last. */
  async function endWork(): Promise<void> {
    holds.stop();
    const { server, actions } = settings.current();
    const grace = Math.max(0, ...Object.values(actions).map(({ graceMs }) => graceMs));
    if (queue.running > 0) logger.info({ tasks: queue.running }, "Waiting for running tasks");
    if (await Promise.race([idle(server.drainTimeoutMs), impatient.promise])) return;
    logger.warn({ tasks: queue.running }, "Stopping the running tasks");
    running.shutDown();
    if (await idle(grace + endingMs)) return;
    logger.warn({ tasks: queue.running }, "Leaving undos to the next server");
    running.abandon();
    await idle(grace + LEAVING_MS);
  }

  async function recoverAll(): Promise<void> {
    try {
      const count = await recoverTasks(services);
      if (count > 0) logger.warn({ tasks: count }, "Recovered tasks of a dead server");
    } catch (error) {
      logger.error({ err: error }, "Recovery failed");
    }
  }

  async function inTime(last: () => void | Promise<void>): Promise<void> {
    if (await within(END_MS, Promise.resolve(last()))) return;
    logger.warn(
      { seconds: END_MS / 1_000 },
      "Something did not end in time; it is left to the end of the process",
    );
  }

  async function end(): Promise<void> {
    try {
      await endWork();
      queue.stop();
      await services.outbound.stop(SENDING_MS);
      for (const each of ends) await inTime(each);
    } finally {
      await inTime(() => keeper.stop());
      clearInterval(flusher);
      await inTime(() => refusals.flush().catch(() => undefined));
      await inTime(() => store.close());
    }
    logger.info("Ended");
  }

  return {
    closed: closed.promise,
    join: () => keeper.start(),
    work() {
      prepareLauncher();
      keepApps(services).catch((error: unknown) =>
        logger.error({ err: error }, "The apps were not looked at"),
      );
      services.outbound.start();
      // Where others may be alive, the queue hands out what the lost ones left, once it is sure that they are.
      recovery = queue.shared ? endLeftBehind(services, closing.signal) : recoverAll();
      holds.start();
      queue.start({
        run: (claimed) => runTask(services, claimed),
        recover: (claimed, loss) => recoverTask(services, claimed, loss),
      });
    },
    checkOpen,
    async checkReady() {
      checkOpen();
      if (!(await within(STORE_ANSWER_MS, store.ping()))) throw new AppError("store:unavailable");
    },
    onEnd(each) {
      ends.push(each);
    },
    close() {
      if (closing.signal.aborted) impatient.resolve(false);
      else {
        closing.abort();
        end().then(closed.resolve, closed.reject);
      }
      return closed.promise;
    },
  };
}
