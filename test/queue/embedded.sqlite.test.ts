import { describe, expect, it, vi } from "vitest";
import { createEmbeddedQueue } from "../../src/queue/embedded.ts";
import type { TaskHandlers } from "../../src/queue/queue.ts";
import type { ClaimedTask, Store } from "../../src/storage/store.ts";

/** Waiting tasks only; what is asked here is when and how many the queue claims. */
function waitingTasks(ids: string[]): Pick<Store, "claimTasks"> & { failures: number } {
  return {
    failures: 0,
    async claimTasks({ limit }) {
      if (this.failures > 0) {
        this.failures -= 1;
        throw new Error("no store");
      }
      return ids.splice(0, limit).map((id): ClaimedTask => ({ task: taskWith(id), settingsDigest: "" }));
    },
  };
}

const taskWith = (id: string): ClaimedTask["task"] => ({
  id,
  number: 1,
  action: "a",
  params: {},
  state: "RUNNING",
  outcome: null,
  reason: null,
  progress: 0,
  startedBy: { type: "manual", by: "test" },
  deliveryId: null,
  group: null,
  runsOn: null,
  parentId: null,
  maxParallel: null,
  node: null,
  attempt: 1,
  position: null,
  hold: null,
  approval: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  startedAt: null,
  endedAt: null,
  metadata: {},
  correlation: {},
  report: null,
  steps: [],
});

/** Nothing is lost here. */
const running = (run: TaskHandlers["run"]): TaskHandlers => ({ run, recover: async () => undefined });

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `t${i}`);

describe("the embedded queue", () => {
  it("runs every task once and never more at once than it may", async () => {
    const store = waitingTasks(numbered(50));
    const seen: string[] = [];
    let atOnce = 0;
    let most = 0;
    const queue = createEmbeddedQueue({ store, node: "n", concurrency: () => 4, onError: () => undefined });
    queue.start(
      running(async ({ task }) => {
        most = Math.max(most, (atOnce += 1));
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
        seen.push(task.id);
      }),
    );
    await vi.waitUntil(() => seen.length === 50);
    queue.stop();
    expect(new Set(seen).size).toBe(50);
    expect(most).toBe(4);
  });

  it("finds the tasks again after the store failed", async () => {
    const store = waitingTasks(numbered(3));
    store.failures = 2;
    const errors: unknown[] = [];
    const seen: string[] = [];
    const queue = createEmbeddedQueue({
      store,
      node: "n",
      concurrency: () => 1,
      pollMs: 5,
      onError: (error) => errors.push(error),
    });
    queue.start(running(async ({ task }) => void seen.push(task.id)));
    await vi.waitUntil(() => seen.length === 3);
    queue.stop();
    expect(errors).toHaveLength(2);
  });

  it("takes no new tasks while draining and waits for those under way", async () => {
    const store = waitingTasks(numbered(5));
    const gate = Promise.withResolvers<void>();
    const ended: string[] = [];
    const queue = createEmbeddedQueue({ store, node: "n", concurrency: () => 2, onError: () => undefined });
    queue.start(
      running(async ({ task }) => {
        await gate.promise;
        ended.push(task.id);
      }),
    );
    await vi.waitUntil(() => queue.running === 2);
    expect(await queue.drain(1)).toBe(false);
    gate.resolve();
    expect(await queue.drain(60_000)).toBe(true);
    expect(ended).toHaveLength(2);
    queue.stop();
  });

  it("hands a freed slot on although a task's handler failed", async () => {
    const store = waitingTasks(numbered(3));
    const errors: unknown[] = [];
    const queue = createEmbeddedQueue({
      store,
      node: "n",
      concurrency: () => 1,
      onError: (error) => errors.push(error),
    });
    queue.start(running(() => Promise.reject(new Error("broken"))));
    await vi.waitUntil(() => errors.length === 3);
    queue.stop();
    expect(queue.running).toBe(0);
  });

  it("drains only when what a claim under way has brought has been run", async () => {
    const gate = Promise.withResolvers<void>();
    const store: Pick<Store, "claimTasks"> = {
      async claimTasks() {
        await gate.promise;
        return [{ task: taskWith("claimed"), settingsDigest: "" }];
      },
    };
    const seen: string[] = [];
    const queue = createEmbeddedQueue({ store, node: "n", concurrency: () => 1, onError: () => undefined });
    queue.start({
      run: async ({ task }) => void seen.push(task.id),
      recover: async () => undefined,
    });
    expect(await queue.drain(1)).toBe(false);
    gate.resolve();
    expect(await queue.drain(60_000)).toBe(true);
    expect(seen).toEqual(["claimed"]);
    queue.stop();
  });
});
