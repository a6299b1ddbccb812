import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TaskSignal } from "../../../src/domain/task-machine.ts";
import type { NewTask, Store } from "../../../src/storage/store.ts";
import {
  aDelivery,
  aTask,
  at,
  claim,
  complete,
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

async function create(input: TaskInput = {}): Promise<NewTask> {
  const task = aTask(input);
  await store.createTask(task);
  return task;
}

const signal = (id: string, given: TaskSignal, reason: string | null = null, on: Store = store) =>
  on.transition({ id, signal: given, reason, now: at(5) });

const stop = { type: "stop", outcome: "cancelled" } as const;

const HOLD = { type: "approval", until: at(60), reason: "waits" } as const;
const APPROVAL = { scopes: ["admin"], decision: "pending", by: null, at: null } as const;

describe("the tasks of some actions", () => {
  const list = async (filter: Partial<Parameters<Store["listTasks"]>[0]>) => {
    const page = await store.listTasks({ limit: 2, actions: ["a", "b"], ...filter });
    return [page.items.map(({ action, params }) => `${action}${params["n"]}`), page.next !== null];
  };

  it("come newest first, in pages, whatever else is asked for", async () => {
    for (const [index, action] of ["a", "c", "b", "a", "c"].entries())
      await store.createTask(aTask({ action, group: `g${index}`, params: { n: String(index) } }));
    expect(await list({})).toEqual([["a3", "b2"], true]);
    const first = await store.listTasks({ limit: 2, actions: ["a", "b"] });
    expect(await list({ cursor: first.next ?? "" })).toEqual([["a0"], false]);
    expect(await list({ action: "a" })).toEqual([["a3", "a0"], false]);
    expect(await list({ action: "c" })).toEqual([[], false]);
    expect(await list({ search: '"n":"4"' })).toEqual([[], false]);
    expect(await list({ search: '"n":"3"' })).toEqual([["a3"], false]);
    expect(await list({ state: "RUNNING" })).toEqual([[], false]);
    expect(await list({ actions: [] })).toEqual([[], false]);
  });
});

describe("a task", () => {
  it("is given back as it was stored", async () => {
    const input = aTask({
      params: { sha: "1" },
      metadata: { commit: { sha: "1" } },
      group: "web",
      runsOn: ["web-1"],
      parentId: "parent",
      maxParallel: 2,
      hold: HOLD,
      approval: APPROVAL,
      note: "note",
      correlation: { ticket: "T-1" },
    });
    expect(await store.createTask(input)).toEqual({
      task: { id: input.id, action: "deploy", state: "ENQUEUED", outcome: null, hold: HOLD, note: "note" },
      superseded: [],
    });
    expect(await store.getTask(input.id)).toEqual({
      id: input.id,
      number: 1,
      action: "deploy",
      params: { sha: "1" },
      state: "ENQUEUED",
      outcome: null,
      reason: null,
      progress: 0,
      startedBy: { type: "manual", by: "test" },
      deliveryId: null,
      group: "web",
      runsOn: ["web-1"],
      report: null,
      parentId: "parent",
      maxParallel: 2,
      node: null,
      attempt: 1,
      position: null,
      hold: HOLD,
      approval: APPROVAL,
      createdAt: at(0),
      startedAt: null,
      endedAt: null,
      metadata: { commit: { sha: "1" } },
      correlation: { ticket: "T-1" },
      steps: [],
    });
    expect(await store.listLog({ taskId: input.id, after: 0, limit: 9 })).toMatchObject([
      { stream: "system", step: null, text: "note", time: at(0) },
    ]);
    expect(await store.getTaskByNumber(1)).toMatchObject({ id: input.id });
    expect(await store.getTask("none")).toBeNull();
    expect(await store.getTaskByNumber(9)).toBeNull();
  });

  it("goes through its states, each time on record when it began and ended", async () => {
    const { id } = await create();
    expect(await claim(store)).toMatchObject([{ task: { id, state: "RUNNING", startedAt: at(1) } }]);
    expect(await signal(id, stop, "Cancelled by me")).toMatchObject({
      state: "CANCELLING",
      outcome: "cancelled",
      reason: "Cancelled by me",
      endedAt: at(5),
    });
    expect(
      await store.transition({ id, signal: { type: "undone" }, reason: null, now: at(8) }),
    ).toMatchObject({ state: "CANCELLED", outcome: "cancelled", reason: "Cancelled by me", endedAt: at(5) });
  });

  it("takes no signal that makes no sense, and changes nothing then", async () => {
    const { id } = await create();
    const before = await store.getTask(id);
    expect(await signal(id, { type: "complete" })).toBeNull();
    expect(await signal("none", stop)).toBeNull();
    expect(await store.getTask(id)).toEqual(before);
    await signal(id, stop);
    expect(await signal(id, stop)).toBeNull();
  });

  it("begins anew after a requeue, but for its progress", async () => {
    const { id } = await create();
    await claim(store);
    await store.setProgress({ id, progress: 40 });
    await store.putStep({
      taskId: id,
      step: {
        index: 0,
        phase: "run",
        name: "s",
        kind: "run",
        state: "succeeded",
        exitCode: 0,
        outputs: {},
        startedAt: at(1),
        endedAt: at(2),
      },
    });
    expect(await signal(id, { type: "requeue" })).toMatchObject({
      state: "ENQUEUED",
      attempt: 2,
      progress: 40,
      startedAt: null,
      steps: [],
      position: 1,
    });
  });

  it("is ended by one of many who try at the same time", async () => {
    const { id } = await create();
    await claim(store);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        signal(id, index % 3 === 0 ? { type: "complete" } : stop, `by ${index}`, opened.server(index)),
      ),
    );
    const [winner, ...others] = results.filter((task) => task !== null);
    expect(others).toEqual([]);
    expect(await store.getTask(id)).toEqual(winner);
  });

  it("makes progress, and never goes back", async () => {
    const { id } = await create();
    await store.setProgress({ id, progress: 10 });
    expect((await store.getTask(id))?.progress).toBe(0);
    await claim(store);
    for (const progress of [33.5, 20]) await store.setProgress({ id, progress });
    expect((await store.getTask(id))?.progress).toBe(33.5);
    await complete(store, id);
    await store.setProgress({ id, progress: 100.5 });
    expect((await store.getTask(id))?.progress).toBe(100);
  });

  it("takes metadata", async () => {
    const { id } = await create();
    await store.setMetadata({ id, metadata: { a: [1, { b: null }] } });
    expect((await store.getTask(id))?.metadata).toEqual({ a: [1, { b: null }] });
  });
});

describe("places in the queue", () => {
  it("are counted by group, and together for those without one", async () => {
    const [a1, b1, a2] = [
      await create({ group: "a" }),
      await create({ group: "b" }),
      await create({ group: "a" }),
    ];
    const [p1, p2] = [await create({ policy: "parallel" }), await create({ policy: "parallel" })];
    const places = async () =>
      Promise.all([a1, b1, a2, p1, p2].map(async ({ id }) => (await store.getTask(id))?.position));
    expect(await places()).toEqual([1, 1, 2, 1, 2]);
    await signal(a1.id, stop);
    expect(await places()).toEqual([null, 1, 1, 1, 2]);
  });
});

describe("concurrency policies", () => {
  it("supersede: ends those that wait and names the one that runs", async () => {
    const running = await create();
    await claim(store);
    const waiting = await create();
    const elsewhere = await create({ group: "other" });
    const newest = aTask({ policy: "supersede" });
    expect(await store.createTask(newest)).toMatchObject({
      task: { state: "ENQUEUED" },
      superseded: [running.id],
    });
    expect(await store.getTask(waiting.id)).toMatchObject({
      state: "CANCELLED",
      outcome: "superseded",
      reason: `Superseded by task ${newest.id}`,
    });
    expect((await store.getTask(elsewhere.id))?.state).toBe("ENQUEUED");
  });

  it.each(["ENQUEUED", "RUNNING", "CANCELLING"])("reject: ends at once when another is %s", async (state) => {
    const other = await create();
    if (state !== "ENQUEUED") await claim(store);
    if (state === "CANCELLING") await signal(other.id, stop);
    const { task } = await store.createTask(aTask({ policy: "reject" }));
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "rejected" });
    expect((await store.getTask(task.id))?.reason).toContain(other.id);
  });

  it("reject: runs when all others have ended", async () => {
    const other = await create();
    await claim(store);
    await complete(store, other.id);
    expect((await store.createTask(aTask({ policy: "reject" }))).task.state).toBe("ENQUEUED");
  });

  it("reject: takes one of many that come at the same time", async () => {
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        index % 3 === 0
          ? opened.server(index).storeDelivery(aDelivery({ tasks: [{ policy: "reject" }] }))
          : opened.server(index).createTask(aTask({ policy: "reject" })),
      ),
    );
    const outcomes = all.map((each) => ("task" in each ? each.task : each.tasks[0])?.outcome);
    expect(outcomes.filter((outcome) => outcome === null)).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "rejected")).toHaveLength(29);
  });

  it("supersede: leaves one waiting of many that come at the same time", async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        opened.server(index).createTask(aTask({ policy: "supersede" })),
      ),
    );
    expect((await store.listTasks({ limit: 50, state: "ENQUEUED" })).items).toHaveLength(1);
    expect((await store.listTasks({ limit: 50, outcome: "superseded" })).items).toHaveLength(29);
  });
});

describe("the list of tasks", () => {
  it("filters, newest first, each with its steps", async () => {
    const { delivery, ...rest } = aDelivery({ tasks: [{ id: "1", action: "a", group: "1" }] });
    await store.storeDelivery({ delivery, ...rest });
    await create({ id: "2", action: "b", group: "2" });
    await create({ id: "3", action: "a", group: "3" });
    await signal("3", stop);
    await claim(store, { limit: 1 });
    const ids = async (filter: object) =>
      (await store.listTasks({ limit: 10, ...filter })).items.map(({ id }) => id);
    expect(await ids({})).toEqual(["3", "2", "1"]);
    expect(await ids({ action: "a" })).toEqual(["3", "1"]);
    expect(await ids({ state: "RUNNING" })).toEqual(["1"]);
    expect(await ids({ outcome: "cancelled" })).toEqual(["3"]);
    expect(await ids({ deliveryId: delivery.id })).toEqual(["1"]);
  });

  it("pages without a gap or a repetition while more come in", async () => {
    for (let i = 0; i < 7; i += 1) await create({ id: `t${i}` });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listTasks({ limit: 3, cursor });
      seen.push(...page.items.map(({ id }) => id));
      await create();
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(["t6", "t5", "t4", "t3", "t2", "t1", "t0"]);
  });
});
