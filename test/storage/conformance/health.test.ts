import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NewHealthEntry, Store } from "../../../src/storage/store.ts";
import { aDelivery, aTask, at, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

const key = { source: "argo", app: "web" };

const entry = (position: number, change: Partial<NewHealthEntry> = {}): NewHealthEntry => ({
  ...key,
  position,
  type: "healthy",
  revision: `revision-${position}`,
  target: null,
  deliveryId: "unset",
  at: at(position),
  ...change,
});

/** Stores a delivery with an entry; `tasks` of the delivery's own. */
async function store1(health: NewHealthEntry, tasks = 0, through = store): Promise<string> {
  const input = aDelivery();
  const { id } = input.delivery;
  const own = Array.from({ length: tasks }, () => aTask({ deliveryId: id }));
  await through.storeDelivery({ ...input, tasks: own, health: { ...health, deliveryId: id } });
  return id;
}

describe("the memory of health", () => {
  it("is told newest first, of one application only", async () => {
    const first = await store1(entry(1));
    const second = await store1(entry(2, { type: "rollback", target: "revision-1" }));
    await store1(entry(1, { app: "api" }));
    await store1(entry(1, { source: "other" }));
    await store1(entry(1, { app: "" }));
    expect(await store.healthApps()).toEqual([
      { source: "argo", app: "" },
      { source: "argo", app: "api" },
      { source: "argo", app: "web" },
      { source: "other", app: "web" },
    ]);
    expect(await store.healthHistory(key)).toEqual([
      {
        position: 2,
        type: "rollback",
        revision: "revision-2",
        target: "revision-1",
        deliveryId: second,
        at: at(2),
        vain: false,
      },
      {
        position: 1,
        type: "healthy",
        revision: "revision-1",
        target: null,
        deliveryId: first,
        at: at(1),
        vain: false,
      },
    ]);
    expect(await store.healthHistory({ source: "argo", app: "none" })).toEqual([]);
  });

  it("is found by the delivery", async () => {
    const id = await store1(entry(1));
    expect(await store.healthEntryOf(id)).toMatchObject({ revision: "revision-1" });
    expect(await store.healthEntryOf("none")).toBeNull();
  });

  it("takes a position once, and nothing of what came with the second", async () => {
    await store1(entry(1));
    const late = aDelivery();
    const { id } = late.delivery;
    const tasks = [aTask({ deliveryId: id })];
    const health = entry(1, { deliveryId: id, revision: "late" });
    await expect(store.storeDelivery({ ...late, tasks, health })).rejects.toMatchObject({
      code: "store:conflict",
    });
    expect(await store.getDelivery(id)).toBeNull();
    expect(await store.tasksOfDelivery(id)).toEqual([]);
    expect(await store.healthHistory(key)).toHaveLength(1);
  });

  it("lets one of many servers have a position", async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => store1(entry(1), 0, opened.server(index))),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await store.healthHistory(key)).toHaveLength(1);
  });

  it("calls a rollback vain once its tasks have all ended without success", async () => {
    const id = await store1(entry(1, { type: "rollback", target: "x" }), 2);
    const vain = async (): Promise<boolean | undefined> => (await store.healthHistory(key))[0]?.vain;
    const [one, two] = await store.tasksOfDelivery(id);
    const stop = (task: typeof one) =>
      store.transition({
        id: task?.id ?? "",
        signal: { type: "stop", outcome: "failed" },
        reason: null,
        now: at(3),
      });
    expect(await vain()).toBe(false);
    await stop(one);
    expect(await vain()).toBe(false);
    await stop(two);
    expect(await vain()).toBe(true);
    // A retry: open, so that it may still succeed.
    await store.createTask(aTask({ deliveryId: id }));
    expect(await vain()).toBe(false);
  });
});
