import type { ClaimedTask, Store } from "../storage/store.ts";
import type { Queue, TaskHandler } from "./queue.ts";

export interface EmbeddedQueueOptions {
  readonly store: Pick<Store, "claimTasks" | "renewLeases">;
  /** Name of this run of the process; a restarted server is another node. */
  readonly node: string;
  /** Tasks at once; read before each claim, so that a reload changes it. */
  readonly concurrency: () => number;
  readonly now?: () => Date;
  /** How long a lease lasts without renewal. */
  readonly leaseMs?: number;
  /** Safety net for a wake-up that got lost (a store that failed just then). */
  readonly pollMs?: number;
  readonly onError: (error: unknown) => void;
}

/** The queue of a single process: the store is its memory, this object only decides when to claim. */
export function createEmbeddedQueue(options: EmbeddedQueueOptions): Queue {
  const { store, node, concurrency, onError } = options;
  const { now = () => new Date(), leaseMs = 60_000, pollMs = 1_000 } = options;
  const underWay = new Set<Promise<void>>();
  let handler: TaskHandler | null = null;
  let claiming: Promise<void> | null = null;
  let again = false;
  let timers: NodeJS.Timeout[] = [];

  const leaseUntil = (): string => new Date(now().getTime() + leaseMs).toISOString();
  const freeSlots = (): number => concurrency() - underWay.size;

  function run(claimed: ClaimedTask, handle: TaskHandler): void {
    const done = handle(claimed)
      .catch(onError)
      .finally(() => {
        underWay.delete(done);
        wake();
      });
    underWay.add(done);
  }

  async function claimOnce(handle: TaskHandler): Promise<number> {
    const limit = freeSlots();
    if (limit <= 0) return 0;
    const claimed = await store.claimTasks({
      node,
      limit,
      now: now().toISOString(),
      leaseUntil: leaseUntil(),
    });
    for (const task of claimed) run(task, handle);
    return claimed.length;
  }

  async function claimAll(): Promise<void> {
    try {
      do {
        again = false;
        while (handler !== null && (await claimOnce(handler)) > 0);
      } while (again);
    } catch (error) {
      onError(error);
    } finally {
      claiming = null;
    }
  }

  function wake(): void {
    if (handler === null) return;
    again = true;
    claiming ??= claimAll();
  }

  /** A claim that was under way when draining began may still bring tasks: they are ours already, so they are run. */
  async function allEnded(): Promise<true> {
    await (claiming ?? Promise.resolve());
    while (underWay.size > 0) await Promise.all(underWay);
    return true;
  }

  function stop(): void {
    handler = null;
    for (const timer of timers) clearInterval(timer);
    timers = [];
  }

  return {
    start(taskHandler) {
      handler = taskHandler;
      timers = [
        setInterval(wake, pollMs),
        setInterval(() => {
          store.renewLeases({ node, leaseUntil: leaseUntil() }).catch(onError);
        }, leaseMs / 3),
      ];
      wake();
    },
    wake,
    async drain(timeoutMs) {
      handler = null;
      const timeout = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => timeout.resolve(false), timeoutMs);
      const drained = await Promise.race([allEnded(), timeout.promise]);
      clearTimeout(timer);
      return drained;
    },
    stop,
    get running() {
      return underWay.size;
    },
  };
}
