import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../../src/storage/store.ts";
import {
  aTask,
  at,
  claim,
  complete,
  idsOf,
  openTestStore,
  type OpenStore,
  type TaskInput,
} from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

const create = async (input: TaskInput): Promise<void> => {
  await store.createTask(aTask(input));
};

describe("claiming", () => {
  it("takes the oldest first, one of each group, and as many without a group as it may", async () => {
    await create({ id: "a1", group: "a" });
    await create({ id: "p1", policy: "parallel" });
    await create({ id: "a2", group: "a" });
    await create({ id: "b1", group: "b" });
    await create({ id: "p2", policy: "parallel" });
    expect(idsOf(await claim(store, { limit: 3 }))).toEqual(["a1", "p1", "b1"]);
    expect(idsOf(await claim(store, { limit: 3 }))).toEqual(["p2"]);
    expect(idsOf(await claim(store, { limit: 3 }))).toEqual([]);
    await complete(store, "a1");
    expect(idsOf(await claim(store))).toEqual(["a2"]);
  });

  it("gives the settings that the task was accepted under, and its attempt", async () => {
    await create({ id: "t", settingsDigest: "abc" });
    expect(await claim(store)).toMatchObject([
      { settingsDigest: "abc", task: { attempt: 1, position: null } },
    ]);
  });

  it("leaves a group alone until the undos of its task are done", async () => {
    await create({ id: "a1" });
    await create({ id: "a2" });
    await claim(store);
    await store.transition({
      id: "a1",
      signal: { type: "stop", outcome: "failed" },
      reason: null,
      now: at(2),
    });
    expect(await claim(store)).toEqual([]);
    await store.transition({ id: "a1", signal: { type: "undo_failed" }, reason: null, now: at(3) });
    expect(idsOf(await claim(store))).toEqual(["a2"]);
  });

  it("hands a requeued task out before those that came after it", async () => {
    await create({ id: "a1" });
    await create({ id: "a2" });
    await claim(store);
    await store.transition({ id: "a1", signal: { type: "requeue" }, reason: null, now: at(2) });
    expect(idsOf(await claim(store))).toEqual(["a1"]);
  });

  it("hands every task to one of many who ask at the same time, never two of a group at once", async () => {
    const total = 60;
    for (let i = 0; i < total; i += 1) {
      await create({ id: `t${i}`, group: `g${i % 5}`, policy: i % 3 === 0 ? "parallel" : "queue" });
    }
    const running = new Map<string, string>();
    const order = new Map<string, number[]>();
    const seen: string[] = [];
    const worker = async (index: number): Promise<void> => {
      const own = opened.server(index);
      while (seen.length < total) {
        for (const { task } of await claim(own, { node: `n${index}`, limit: 3 })) {
          seen.push(task.id);
          if (task.group !== null) {
            expect(running.get(task.group)).toBeUndefined();
            running.set(task.group, task.id);
            order.set(task.group, [...(order.get(task.group) ?? []), Number(task.id.slice(1))]);
          }
          await own.listTasks({ limit: 1 });
          if (task.group !== null) running.delete(task.group);
          await complete(own, task.id);
        }
      }
    };
    await Promise.all(Array.from({ length: 6 }, (_, index) => worker(index)));
    expect(new Set(seen).size).toBe(total);
    expect(seen).toHaveLength(total);
    for (const numbers of order.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });
});

describe("orphans", () => {
  it("are the running tasks that other nodes hold", async () => {
    await create({ id: "t1", group: "1" });
    await create({ id: "t2", group: "2" });
    await create({ id: "t3", group: "3" });
    await claim(store, { node: "dead", limit: 2 });
    await store.transition({
      id: "t2",
      signal: { type: "stop", outcome: "failed" },
      reason: null,
      now: at(2),
    });
    const orphans = async (node: string) => idsOf(await store.orphanedTasks({ node }));
    expect(await orphans("new")).toEqual(["t1", "t2"]);
    expect(await orphans("dead")).toEqual([]);
    expect(await store.adoptTask({ id: "t1", node: "new" })).toBe(1);
    expect(await orphans("new")).toEqual(["t2"]);
  });
});
