import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createQueueWorld, type QueueWorld } from "../support/queue.ts";

let world: QueueWorld;
beforeEach(async () => {
  world = await createQueueWorld();
});
afterEach(() => world.close());

it("queues of several nodes share the tasks, each of which runs once", async () => {
  const seen = world.recorder();
  const ids = await world.enqueue(30);
  for (const node of ["n1", "n2", "n3"]) world.open({ node, concurrency: () => 2 }).start(seen.handlers);
  await vi.waitUntil(() => seen.ended.length === 30, { timeout: 20_000 });
  expect(seen.begun.toSorted()).toEqual(ids.toSorted());
  expect(seen.most).toBeLessThanOrEqual(6);
});
