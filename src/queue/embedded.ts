import { within } from "../lib/within.ts";
import type { ClaimedTask, Store } from "../storage/store.ts";
import { isLeader, type Queue, type TaskHandlers } from "./queue.ts";

export interface EmbeddedQueueOptions {
  readonly store: Pick<Store, "claimTasks">;
  /** Name of this run of the process; a restarted server is another node. */
  readonly node: string;
  readonly labels?: readonly string[];
  /** Tasks at once; read before each claim, so that a reload changes it. */
  readonly concurrency: () => number;
  readonly now?: () => Date;
  /** Safety net for a wake-up that got lost (a store that failed just then). */
  readonly pollMs?: number;
  readonly onError: (error: unknown) => void;
}

/** The queue of a single process: the store is its memory, this object only decides when to claim. */
export function createEmbeddedQueue(options: EmbeddedQueueOptions): Queue {
  const { store, node, labels = [], concurrency, onError } = options;
  const { now = () => new Date(), pollMs = 1_000 } = options;
  const underWay = new Set<Promise<void>>();
  let handler: TaskHandlers["run"] | null = null;
  let claiming: Promise<void> | null = null;
  let again = false;
  let poll: NodeJS.Timeout | undefined;

  const leading = new Set<Promise<void>>();
  const freeSlots = (): number => concurrency() - underWay.size;

  function run(claimed: ClaimedTask, handle: TaskHandlers["run"]): void {
    const place = isLeader(claimed) ? leading : underWay;
    const done = handle(claimed)
      .catch(onError)
      .finally(() => {
        place.delete(done);
        wake();
      });
    place.add(done);
  }

  /** False when there was less than there was room for. */
  async function claimOnce(handle: TaskHandlers["run"]): Promise<boolean> {
    const limit = freeSlots();
    if (limit <= 0) return false;
    const claimed = await store.claimTasks({ node, labels, limit, now: now().toISOString() });
    for (const task of claimed) run(task, handle);
    return claimed.length === limit;
  }

  async function claimAll(): Promise<void> {
    try {
      do {
        again = false;
        while (handler !== null && (await claimOnce(handler)));
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
  async function allEnded(): Promise<void> {
    await (claiming ?? Promise.resolve());
    while (underWay.size + leading.size > 0) await Promise.all([...underWay, ...leading]);
  }

  function stop(): void {
    handler = null;
    clearInterval(poll);
  }

  return {
    shared: false,
    holdings: { pools: [], jobs: [] },
    start({ run: handle }) {
      handler = handle;
      poll = setInterval(wake, pollMs);
      wake();
    },
    wake,
    drain(timeoutMs) {
      handler = null;
      return within(timeoutMs, allEnded());
    },
    stop,
    get running() {
      return underWay.size + leading.size;
    },
  };
}
