import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Hold } from "../../../src/domain/hold.ts";
import type { AfterHold, Store } from "../../../src/storage/store.ts";
import {
  aTask,
  at,
  claim,
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

const hold = (until: number, type: Hold["type"] = "freeze"): Hold => ({
  type,
  until: at(until),
  reason: `until ${until}`,
});
const create = (input: TaskInput) => store.createTask(aTask(input));
const settle = (id: string, until: number, after: AfterHold = { type: "release" }, type?: Hold["type"]) =>
  store.settleHold({ id, hold: hold(until, type), after, note: "note", now: at(until) });
const stateOf = async (id: string) => {
  const task = await store.getTask(id);
  return task === null ? null : [task.state, task.outcome, task.hold?.reason ?? null];
};
const take = (id: string) => store.takeTask({ id, node: "n1", labels: [], now: at(1) });

describe("a held task", () => {
  it("is not handed out, has no place in the queue, and is in nobody's way", async () => {
    await create({ id: "held", hold: hold(50) });
    await create({ id: "alone", policy: "parallel", hold: hold(60) });
    const { task } = await create({ id: "next" });
    expect(task).toMatchObject({ id: "next", state: "ENQUEUED", hold: null });
    expect(await store.getTask("held")).toMatchObject({ position: null, hold: hold(50) });
    expect(await store.getTask("next")).toMatchObject({ position: 1 });
    expect(await take("alone")).toEqual({ type: "none" });
    expect(idsOf(await claim(store))).toEqual(["next"]);
    expect(await claim(store)).toEqual([]);
  });

  it("is due when its time has come, and not before", async () => {
    await create({ id: "b", hold: hold(20) });
    await create({ id: "a", hold: hold(10) });
    await create({ id: "c", hold: hold(30) });
    const due = async (second: number, limit = 10) => {
      const found = await store.dueTasks({ now: at(second), limit });
      return [found.due.map(({ id }) => id), found.next];
    };
    expect(await due(9)).toEqual([[], at(10)]);
    expect(await due(20)).toEqual([["a", "b"], at(30)]);
    expect(await due(30, 2)).toEqual([["a", "b"], at(30)]);
    expect(await due(30)).toEqual([["a", "b", "c"], null]);
  });

  it("is still held after a restart", async () => {
    await create({ id: "t", hold: hold(10), approval: pending });
    store = await opened.reopen();
    expect(await store.getTask("t")).toMatchObject({ hold: hold(10), approval: pending });
    expect(await claim(store)).toEqual([]);
    expect((await store.heldTasks("freeze")).map(({ id }) => id)).toEqual(["t"]);
    expect(await store.heldTasks("approval")).toEqual([]);
  });

  it("may start once let go, in the order of the queue", async () => {
    await create({ id: "held", hold: hold(10) });
    await create({ id: "next" });
    expect(await settle("held", 10)).toMatchObject({
      task: { state: "ENQUEUED", hold: null },
      superseded: [],
    });
    expect(await store.getTask("held")).toMatchObject({ hold: null, position: 1 });
    expect(idsOf(await claim(store))).toEqual(["held"]);
    expect((await store.listLog({ taskId: "held", after: 0, limit: 9 })).map(({ text }) => text)).toEqual([
      "note",
    ]);
  });

  it("may be held again, for something else", async () => {
    await create({ id: "t", hold: hold(10) });
    await settle("t", 10, { type: "hold", hold: hold(20, "approval") });
    expect(await stateOf("t")).toEqual(["ENQUEUED", null, "until 20"]);
    expect(await settle("t", 10)).toBeNull();
  });

  it("is let go by one of many who do it at the same time", async () => {
    await create({ id: "t", hold: hold(10) });
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        opened.server(index).settleHold({
          id: "t",
          hold: hold(10),
          after: { type: "release" },
          note: "note",
          now: at(10),
        }),
      ),
    );
    expect(all.filter((settled) => settled !== null)).toHaveLength(1);
    expect(await store.listLog({ taskId: "t", after: 0, limit: 9 })).toHaveLength(1);
  });

  it("can be cancelled, and not let go after that", async () => {
    await create({ id: "t", hold: hold(10) });
    const signal = { type: "stop", outcome: "cancelled" } as const;
    await store.transition({ id: "t", signal, reason: "by me", now: at(5) });
    expect(await stateOf("t")).toEqual(["CANCELLED", "cancelled", null]);
    expect(await settle("t", 10)).toBeNull();
    expect((await store.dueTasks({ now: at(99), limit: 9 })).due).toEqual([]);
  });

  it("ends as rejected with the reason in its log, and keeps who decided", async () => {
    await create({ id: "t", hold: hold(10), approval: pending });
    const refused = { ...pending, decision: "refused", by: "token:me", at: at(5) } as const;
    const after = { type: "reject", reason: "Refused by me" } as const;
    const input = { id: "t", hold: hold(10), after, approval: refused, note: "Refused by me", now: at(5) };
    expect(await store.settleHold(input)).toMatchObject({
      task: { state: "CANCELLED", outcome: "rejected" },
    });
    expect(await store.getTask("t")).toMatchObject({
      reason: "Refused by me",
      endedAt: at(5),
      approval: refused,
    });
    expect(await store.listLog({ taskId: "t", after: 0, limit: 9 })).toHaveLength(1);
  });
});

const pending = { scopes: ["deploy"], decision: "pending", by: null, at: null } as const;

describe("the policy of its group", () => {
  it("supersede: is applied when it may start, and ends older ones that are held", async () => {
    const policy = "supersede";
    await create({ id: "running", policy });
    await claim(store);
    await create({ id: "older", policy, hold: hold(10, "approval") });
    await create({ id: "middle", policy, hold: hold(20, "approval") });
    await create({ id: "newer", policy, hold: hold(30, "approval") });
    expect(await stateOf("running")).toEqual(["RUNNING", null, null]);
    expect(await settle("middle", 20, { type: "release" }, "approval")).toMatchObject({
      superseded: ["running"],
    });
    expect(await stateOf("older")).toEqual(["CANCELLED", "superseded", null]);
    expect(await stateOf("newer")).toEqual(["ENQUEUED", null, "until 30"]);
    const { task } = await create({ id: "free", policy });
    expect(task.state).toBe("ENQUEUED");
    expect(await stateOf("newer")).toEqual(["CANCELLED", "superseded", null]);
  });

  it("supersede: of those that wait for the same time, the newest is enough; approvals are for each", async () => {
    const policy = "supersede";
    await create({ id: "frozen", policy, hold: hold(10) });
    await create({ id: "asking", policy, hold: hold(20, "approval") });
    await create({ id: "asking too", policy, hold: hold(30, "approval") });
    await create({ id: "frozen too", policy, hold: hold(10) });
    expect(await stateOf("frozen")).toEqual(["CANCELLED", "superseded", null]);
    expect(await stateOf("asking")).toEqual(["ENQUEUED", null, "until 20"]);
    // Approved, in a freeze: it is older than the one that waits for the end of the freeze.
    const after = { type: "hold", hold: hold(10) } as const;
    const approved = { id: "asking too", hold: hold(30, "approval"), after, note: "approved", now: at(5) };
    await store.settleHold(approved);
    expect(await stateOf("asking too")).toEqual(["ENQUEUED", null, "until 10"]);
    expect(await stateOf("frozen too")).toEqual(["ENQUEUED", null, "until 10"]);
    await settle("frozen too", 10);
    expect(await stateOf("asking too")).toEqual(["CANCELLED", "superseded", null]);
  });

  it.each(["travis_check", "travis"] as const)(
    "takes no place of others that wait for tests: %s",
    async (type) => {
      for (const policy of ["queue", "parallel", "supersede"] as const) {
        const [older, newer] = [`${policy}-1`, `${policy}-2`];
        await create({ id: older, policy, group: policy, hold: hold(50, type) });
        await create({ id: newer, policy, group: policy, hold: hold(60, type) });
        expect(await stateOf(older)).toEqual(["ENQUEUED", null, "until 50"]);
      }
    },
  );

  it("reject: is applied when it may start", async () => {
    const policy = "reject";
    await create({ id: "held", policy, hold: hold(10) });
    expect(await create({ id: "other", policy })).toMatchObject({ task: { state: "ENQUEUED" } });
    expect(await settle("held", 10)).toMatchObject({ task: { outcome: "rejected" } });
    expect(await store.getTask("held")).toMatchObject({
      reason: "Task other of its concurrency group is ENQUEUED",
    });
  });
});

describe("a queue engine of its own", () => {
  it("has no job for a held task, and one once it is let go", async () => {
    await create({ id: "held", policy: "parallel", hold: hold(10) });
    expect(await take("held")).toEqual({ type: "none" });
    await settle("held", 10);
    expect(await take("held")).toMatchObject({ type: "run", claimed: { task: { id: "held" } } });
  });

  it("passes a held task of a group by", async () => {
    await create({ id: "held", hold: hold(10) });
    await create({ id: "next" });
    expect(await take("held")).toMatchObject({ type: "run", claimed: { task: { id: "next" } } });
  });
});
