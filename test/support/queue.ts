import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmbeddedQueue } from "../../src/queue/embedded.ts";
import { createPostgresQueue } from "../../src/queue/postgres.ts";
import { newId } from "../../src/lib/ids.ts";
import type { Queue, TaskHandlers } from "../../src/queue/queue.ts";
import { openStore } from "../../src/storage/open.ts";
import { createSharedStore, type SharedStore } from "../../src/storage/postgres/shared.ts";
import type { Store } from "../../src/storage/store.ts";
import { aTask, at, type TaskInput } from "./store.ts";
import { storeIn } from "./test-store.ts";

export interface QueueOptions {
  readonly node?: string;
  readonly labels?: readonly string[];
  readonly concurrency?: () => number;
}

/** What a queue has handed out. */
export interface Recorder {
  /** Ends each task once the gate is open. */
  readonly handlers: TaskHandlers;
  readonly begun: readonly string[];
  readonly ended: readonly string[];
  /** At once. */
  readonly most: number;
}

/** The engine that belongs to the store of this test run, and the store. */
export interface QueueWorld {
  readonly store: Store;
  readonly errors: readonly unknown[];
  /** Stores waiting tasks, by default in no group. Resolves with their ids. */
  enqueue(count: number, input?: TaskInput): Promise<string[]>;
  recorder(gate?: Promise<unknown>): Recorder;
  /** One node's. */
  open(options?: QueueOptions): Queue;
  close(): Promise<void>;
}

export async function createQueueWorld(): Promise<QueueWorld> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-queue-"));
  const { location, remove } = await storeIn(dir, { kind: "sqlite", path: join(dir, "hookwright.db") });
  const store = await openStore(location);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const queues: Queue[] = [];
  const shares: SharedStore[] = [];

  function create({ node = "n1", labels = [], concurrency = () => 4 }: QueueOptions): Queue {
    const options = { store, node, labels, concurrency, pollMs: 50, onError };
    if (location.kind === "sqlite") return createEmbeddedQueue(options);
    const shared = createSharedStore({ url: location.url, onError });
    shares.push(shared);
    return createPostgresQueue({ ...options, pool: shared.pool, isDoubtful: () => false });
  }

  return {
    store,
    errors,
    async enqueue(count, input = { policy: "parallel" }) {
      const ids = Array.from({ length: count }, () => newId());
      for (const id of ids) await store.createTask(aTask({ id, ...input }));
      return ids;
    },
    recorder: (gate = Promise.resolve()) => createRecorder(store, gate),
    open(options = {}) {
      const queue = create(options);
      queues.push(queue);
      return queue;
    },
    async close() {
      await Promise.all(queues.map((queue) => queue.drain(30_000)));
      for (const queue of queues) queue.stop();
      await Promise.all(shares.map((shared) => shared.close()));
      await store.close();
      await remove();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function createRecorder(store: Store, gate: Promise<unknown>): Recorder {
  const begun: string[] = [];
  const ended: string[] = [];
  let most = 0;
  return {
    begun,
    ended,
    get most() {
      return most;
    },
    handlers: {
      async run({ task: { id } }) {
        begun.push(id);
        most = Math.max(most, begun.length - ended.length);
        await gate;
        await store.transition({ id, signal: { type: "complete" }, reason: null, now: at(2) });
        ended.push(id);
      },
      recover: async () => undefined,
    },
  };
}
