import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createQueueWorld, type QueueWorld } from "../support/queue.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await createQueueWorld();
});
afterEach(() => world.close());

const wait = { timeout: 20_000, interval: 10 };

describe("a queue", () => {
  it("runs each task once, those that waited and those that come, never more at once than it may", async () => {
    const seen = world.recorder();
    const first = await world.enqueue(15);
    const queue = world.open({ concurrency: () => 3 });
    queue.start(seen.handlers);
    const second = await world.enqueue(15);
    queue.wake();
    await vi.waitUntil(() => seen.ended.length === 30, wait);
    expect(seen.begun.toSorted()).toEqual([...first, ...second].toSorted());
    expect(seen.most).toBeLessThanOrEqual(3);
    await vi.waitUntil(() => queue.running === 0, wait);
    expect(world.errors).toEqual([]);
  });

  it("runs tasks of one group one after the other, in their order", async () => {
    const seen = world.recorder();
    const ids = await world.enqueue(8, { group: "g" });
    const queue = world.open();
    queue.start(seen.handlers);
    await vi.waitUntil(() => seen.ended.length === 8, wait);
    expect(seen.begun).toEqual(ids);
    expect(seen.most).toBe(1);
  });

  it("begins nothing while draining, and waits for what is under way", async () => {
    const gate = Promise.withResolvers<void>();
    const seen = world.recorder(gate.promise);
    await world.enqueue(6);
    const queue = world.open({ concurrency: () => 2 });
    queue.start(seen.handlers);
    await vi.waitUntil(() => seen.begun.length === 2, wait);
    expect(await queue.drain(1)).toBe(false);
    gate.resolve();
    expect(await queue.drain(20_000)).toBe(true);
    expect(seen.ended).toHaveLength(2);
    expect(queue.running).toBe(0);
    const { items } = await world.store.listTasks({ limit: 10, state: "ENQUEUED" });
    expect(items).toHaveLength(4);
  });

  it("goes on with other tasks when a handler fails, and says so", async () => {
    const ids = await world.enqueue(3);
    const seen: string[] = [];
    const queue = world.open({ concurrency: () => 1 });
    queue.start({
      run: async ({ task }) => {
        seen.push(task.id);
        throw new Error(`broken ${task.id}`);
      },
      recover: async () => undefined,
    });
    await vi.waitUntil(() => seen.length === 3, wait);
    await vi.waitUntil(() => world.errors.length === 3, wait);
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect(world.errors.map(String).toSorted()).toEqual(ids.map((id) => `Error: broken ${id}`).toSorted());
  });

  it("leaves tasks for others whose labels it has not", async () => {
    const seen = world.recorder();
    const [foreign = ""] = await world.enqueue(1, { policy: "parallel", runsOn: ["db"] });
    const [own = ""] = await world.enqueue(1, { policy: "parallel", runsOn: ["db", "web"] });
    world.open({ labels: ["web"] }).start(seen.handlers);
    await vi.waitUntil(() => seen.ended.length === 1, wait);
    expect(seen.begun).toEqual([own]);
    expect(await world.store.getTask(foreign)).toMatchObject({ state: "ENQUEUED" });
  });

  it("has more slots once it is told so", async () => {
    const gate = Promise.withResolvers<void>();
    const seen = world.recorder(gate.promise);
    await world.enqueue(4);
    let slots = 1;
    const queue = world.open({ concurrency: () => slots });
    queue.start(seen.handlers);
    await vi.waitUntil(() => seen.begun.length === 1, wait);
    slots = 3;
    queue.wake();
    await vi.waitUntil(() => seen.begun.length >= 3, wait);
    gate.resolve();
    await vi.waitUntil(() => seen.ended.length === 4, wait);
    expect(seen.most).toBeLessThanOrEqual(4);
  });
});
