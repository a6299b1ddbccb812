import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store, TaskOwner } from "../../../src/storage/store.ts";
import {
  aDelivery,
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

describe("labels", () => {
  it("keep a task from nodes that have none of them, and its group behind it", async () => {
    await create({ id: "a1", group: "a", runsOn: ["web-1", "web-2"] });
    await create({ id: "a2", group: "a" });
    await create({ id: "p1", policy: "parallel", runsOn: ["web"] });
    await create({ id: "p2", policy: "parallel" });
    expect(idsOf(await claim(store, { labels: ["db"] }))).toEqual(["p2"]);
    expect(idsOf(await claim(store, { labels: ["db", "web-2"] }))).toEqual(["a1"]);
    await complete(store, "a1");
    expect(idsOf(await claim(store, { labels: ["web"] }))).toEqual(["a2", "p1"]);
  });
});

describe("taking one task", () => {
  const take = (id: string, node = "n1", labels: string[] = []) =>
    store.takeTask({ id, node, labels, now: at(1) });
  const live = (id: string, leaseMs = 60_000) =>
    store.heartbeat({ id, name: id, labels: [], roles: ["work"], pools: [], version: "1", leaseMs });

  it("runs what comes first in its group, one after the other, as often as it is asked", async () => {
    await live("n1");
    await create({ id: "a1" });
    await create({ id: "a2" });
    await create({ id: "elsewhere", group: "other" });
    expect(await take("a2")).toMatchObject({
      type: "run",
      claimed: { settingsDigest: "digest", task: { id: "a1", state: "RUNNING", startedAt: at(1) } },
    });
    expect(await take("a2")).toEqual({ type: "later" });
    await complete(store, "a1");
    expect(await take("a1")).toMatchObject({ type: "run", claimed: { task: { id: "a2" } } });
    expect(await take("a1")).toEqual({ type: "none" });
    expect(await take("none")).toEqual({ type: "none" });
  });

  it("waits where what comes first is for other nodes", async () => {
    await create({ id: "a1", runsOn: ["web"] });
    await create({ id: "a2" });
    expect(await take("a2", "n1", ["db"])).toEqual({ type: "later" });
    expect(await take("a2", "n2", ["db", "web"])).toMatchObject({
      type: "run",
      claimed: { task: { id: "a1" } },
    });
  });

  it.each(["queue", "parallel"] as const)(
    "leaves it to its node as long as that lives: %s",
    async (policy) => {
      await create({ id: "t", policy });
      await live("n1");
      await take("t", "n1");
      expect(await take("t", "n2")).toEqual({ type: "none" });
      await live("n1", 0);
      expect(await take("t", "n2")).toMatchObject({
        type: "recover",
        loss: { deaths: 1, node: "n1" },
        claimed: { task: { id: "t" } },
      });
      await live("n2");
      expect(await take("t", "n3")).toEqual({ type: "none" });
      await store.leaveNode("n2");
      expect(await take("t", "n3")).toMatchObject({ type: "recover", loss: { deaths: 2, node: "n2" } });
    },
  );

  it("gives it to one of many", async () => {
    await create({ id: "t" });
    await Promise.all(["n0", "n1"].map((id) => live(id)));
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        opened.server(index).takeTask({ id: "t", node: `n${index % 2}`, labels: [], now: at(1) }),
      ),
    );
    expect(all.filter(({ type }) => type === "run")).toHaveLength(1);
    expect(all.filter(({ type }) => type === "none")).toHaveLength(19);
  });
});

describe("writing as a task's owner", () => {
  const step = {
    index: 0,
    phase: "run",
    name: "s",
    kind: "run",
    state: "succeeded",
    exitCode: 0,
    outputs: {},
    startedAt: at(1),
    endedAt: at(2),
  } as const;
  const writes = (owner: TaskOwner) => [
    store.setProgress({ id: "t", progress: 50, owner }),
    store.setMetadata({ id: "t", metadata: { by: owner.node }, owner }),
    store.putStep({ taskId: "t", step, owner }),
    store.appendLog([{ taskId: "t", time: at(1), stream: "stdout", step: 0, text: owner.node }], owner),
  ];

  async function expectRefused(owner: TaskOwner): Promise<void> {
    const end = store.transition({ id: "t", signal: { type: "complete" }, reason: null, now: at(3), owner });
    for (const result of await Promise.allSettled([...writes(owner), end])) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "task:not_owner" } });
    }
  }

  it("is refused to a node that has lost the task, and to an earlier attempt", async () => {
    await create({ id: "t" });
    await claim(store, { node: "n1" });
    await Promise.all(writes({ node: "n1", attempt: 1 }));
    await store.adoptTask({ id: "t", node: "n2" });
    const before = await store.getTask("t");
    for (const owner of [
      { node: "n1", attempt: 1 },
      { node: "n2", attempt: 2 },
    ]) {
      await expectRefused(owner);
    }
    expect(await store.getTask("t")).toEqual(before);
    expect(await store.listLog({ taskId: "t", after: 0, limit: 10 })).toHaveLength(1);
    await Promise.all(writes({ node: "n2", attempt: 1 }));
    const owner = { node: "n2", attempt: 1 };
    expect(
      await store.transition({ id: "t", signal: { type: "requeue" }, reason: null, now: at(3), owner }),
    ).toMatchObject({ attempt: 2 });
    await expectRefused(owner);
  });
});

describe("parts of a task", () => {
  it("are listed by it, and not as what its delivery has started", async () => {
    const { delivery, ...rest } = aDelivery({ tasks: [{ id: "whole", maxParallel: 1 }] });
    await store.storeDelivery({ delivery, ...rest });
    for (const id of ["p1", "p2"]) {
      await create({ id, deliveryId: delivery.id, parentId: "whole", policy: "parallel", runsOn: [id] });
    }
    expect((await store.listTasks({ parentId: "whole", limit: 10 })).items).toMatchObject([
      { id: "p2", parentId: "whole", runsOn: ["p2"] },
      { id: "p1" },
    ]);
    expect((await store.tasksOfDelivery(delivery.id)).map(({ id }) => id)).toEqual(["whole"]);
  });

  it("are taken only of the node that owns the task", async () => {
    await create({ id: "whole" });
    await claim(store, { node: "n1" });
    const part = aTask({ id: "p1", parentId: "whole", policy: "parallel" });
    const refused = store.createTask(part, { node: "n2", attempt: 1 });
    await expect(refused).rejects.toMatchObject({ code: "task:not_owner" });
    expect(await store.getTask("p1")).toBeNull();
    await store.createTask(part, { node: "n1", attempt: 1 });
    expect(await store.getTask("p1")).toMatchObject({ parentId: "whole" });
  });
});

describe("nodes", () => {
  const beat = (id: string, leaseMs: number) =>
    store.heartbeat({
      id,
      name: `host-${id}`,
      labels: ["web", id],
      roles: ["receive", "work"],
      pools: [],
      version: "1.2.3",
      leaseMs,
    });

  it("are listed, newest first, with their tasks; alive while their lease lasts", async () => {
    await create({ id: "t1", group: "1" });
    await create({ id: "t2", group: "2" });
    await beat("n1", 60_000);
    await beat("n2", 0);
    await claim(store, { node: "n1" });
    const [second, first] = await store.listNodes();
    expect(first).toMatchObject({
      id: "n1",
      name: "host-n1",
      labels: ["web", "n1"],
      roles: ["receive", "work"],
      version: "1.2.3",
      alive: true,
      tasks: 2,
    });
    expect(second).toMatchObject({ id: "n2", alive: false, tasks: 0 });
    expect(await beat("n1", 60_000)).toMatchObject([
      { id: "t1", state: "RUNNING" },
      { id: "t2", state: "RUNNING" },
    ]);
    const [, again] = await store.listNodes();
    expect(again?.startedAt).toBe(first?.startedAt);
    await store.leaveNode("n2");
    await store.leaveNode("n2");
    expect((await store.listNodes()).map(({ id }) => id)).toEqual(["n1"]);
  });
});
