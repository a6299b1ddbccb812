import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MessageClaim, NewMessage, Store } from "../../../src/storage/store.ts";
import { newId } from "../../../src/lib/ids.ts";
import { aDelivery, aTask, at, claim, complete, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

const ALL = ["task.started", "task.completed", "task.failed", "task.cancelled"] as const;
const told = async (): Promise<unknown[]> =>
  (await store.pendingNotices(100)).map(({ type, task }) => [type, task?.id, task?.state]);

describe("a notice", () => {
  it("is left by what starts and ends a task, in the order in which it happened", async () => {
    const task = aTask({ notify: ALL });
    await store.createTask(task);
    await claim(store);
    await complete(store, task.id);
    const [first, second] = await store.pendingNotices(100);
    expect(first).toMatchObject({ type: "task.started", at: at(1), task: { id: task.id } });
    expect(second).toMatchObject({ type: "task.completed", at: at(9), task: { outcome: "succeeded" } });
  });

  it("is left only of what the task has to tell", async () => {
    const [silent, ends] = [aTask({ group: "a" }), aTask({ group: "b", notify: ["task.failed"] })];
    for (const task of [silent, ends]) await store.createTask(task);
    await claim(store);
    for (const { id } of [silent, ends]) await complete(store, id);
    expect(await store.pendingNotices(100)).toEqual([]);
  });

  it("is left of tasks that never ran: superseded, rejected, cancelled while they waited", async () => {
    const first = aTask({ notify: ALL, policy: "supersede" });
    const second = aTask({ notify: ALL, policy: "supersede" });
    const third = aTask({ notify: ALL, policy: "reject" });
    for (const task of [first, second, third]) await store.createTask(task);
    await store.transition({
      id: second.id,
      signal: { type: "stop", outcome: "cancelled" },
      reason: null,
      now: at(2),
    });
    expect(await told()).toEqual([
      ["task.cancelled", first.id, "CANCELLED"],
      ["task.cancelled", third.id, "CANCELLED"],
      ["task.cancelled", second.id, "CANCELLED"],
    ]);
  });

  it("is left of a held task that a newer one takes the place of, and of one that is refused", async () => {
    const hold = { type: "quiet", until: at(60), reason: "waits for quiet" } as const;
    const first = aTask({ notify: ALL, hold, policy: "parallel" });
    const second = aTask({ notify: ALL, hold, policy: "parallel" });
    for (const task of [first, second]) await store.createTask(task);
    const after = { type: "reject", reason: "refused" } as const;
    await store.settleHold({ id: second.id, hold, after, note: "refused", now: at(3) });
    expect(await told()).toEqual([
      ["task.cancelled", first.id, "CANCELLED"],
      ["task.cancelled", second.id, "CANCELLED"],
    ]);
  });

  it("is left once its undos are done, not when the task is stopped; of failed undos as a failure", async () => {
    const task = aTask({ notify: ["task.failed", "task.cancelled"] });
    await store.createTask(task);
    await claim(store);
    const send = (signal: Parameters<Store["transition"]>[0]["signal"]) =>
      store.transition({ id: task.id, signal, reason: null, now: at(2) });
    await send({ type: "stop", outcome: "cancelled" });
    expect(await told()).toEqual([]);
    await send({ type: "undo_failed" });
    expect(await told()).toEqual([["task.failed", task.id, "FAILED_CANCELLING"]]);
  });

  it("is left of a rejected delivery where somebody asks", async () => {
    const rejected = aDelivery({ verdict: "rejected", reason: "no JSON" });
    await store.storeDelivery({ ...rejected, notify: true });
    await store.storeDelivery({ ...aDelivery({ verdict: "rejected" }) });
    await store.storeDelivery({ ...aDelivery(), notify: true });
    expect(await store.pendingNotices(100)).toMatchObject([
      { type: "delivery.rejected", task: null, delivery: { id: rejected.delivery.id, reason: "no JSON" } },
    ]);
  });
});

const aMessage = (change: Partial<NewMessage> = {}): NewMessage => ({
  id: newId(),
  endpoint: "ops",
  type: "task.completed",
  taskId: null,
  headers: { "content-type": "application/json" },
  body: '{"é":"\\u0000"}',
  urlDigest: "url",
  error: null,
  createdAt: at(0),
  ...change,
});

async function notice(): Promise<string> {
  const task = aTask({ notify: ALL, policy: "reject", group: newId() });
  await store.createTask(task);
  await store.transition({ id: task.id, signal: { type: "reject" }, reason: null, now: at(0) });
  return (await store.pendingNotices(100)).at(-1)?.id ?? "";
}

const post = async (...messages: NewMessage[]): Promise<void> =>
  store.postMessages({ notices: [await notice()], messages, incidents: [] });

const claimAll = (change: Partial<MessageClaim> & { limit?: number; ordered?: boolean } = {}) => {
  const { limit = 10, ordered = false, ...rest } = change;
  const endpoints = [{ name: "ops", urlDigest: "url", limit, ordered }];
  return store.claimMessages({ node: "n1", now: at(5), leaseMs: 60_000, endpoints, ...rest });
};

describe("messages", () => {
  it("are made of notices once: whoever comes second changes nothing", async () => {
    const id = await notice();
    const input = { notices: [id], messages: [aMessage()], incidents: [] };
    await opened.server(1).postMessages(input);
    await expect(store.postMessages({ ...input, messages: [aMessage()] })).rejects.toMatchObject({
      code: "store:conflict",
    });
    expect((await store.listMessages({ limit: 10 })).items).toHaveLength(1);
    expect(await store.pendingNotices(10)).toEqual([]);
  });

  it("decided by an old incident change nothing either", async () => {
    const change = (expected: number | null, failures: number | null) => ({
      endpoint: "ops",
      action: "deploy",
      expected,
      next: failures === null ? null : { failures, toldAt: at(0) },
    });
    const tell = async (incident: ReturnType<typeof change>) =>
      store.postMessages({ notices: [await notice()], messages: [], incidents: [incident] });
    await tell(change(null, 1));
    expect(await store.incidents()).toEqual([
      { endpoint: "ops", action: "deploy", failures: 1, toldAt: at(0), version: 1 },
    ]);
    await expect(tell(change(null, 1))).rejects.toMatchObject({ code: "store:conflict" });
    await tell(change(1, 2));
    await expect(tell(change(1, 3))).rejects.toMatchObject({ code: "store:conflict" });
    await tell(change(2, null));
    expect(await store.incidents()).toEqual([]);
  });

  it("are given back as they were stored, and leased to one server", async () => {
    const message = aMessage();
    await post(message);
    const [claimed] = await claimAll();
    const { urlDigest: _, error: __, ...same } = message;
    expect(claimed).toMatchObject({ ...same, state: "waiting", attempts: 0, dueAt: at(0), retryOf: null });
    expect(
      await opened.server(1).claimMessages({
        node: "n2",
        now: at(5),
        leaseMs: 1,
        endpoints: [{ name: "ops", urlDigest: "url", limit: 9, ordered: false }],
      }),
    ).toEqual([]);
    await store.releaseMessages({ node: "n1" });
    expect(await claimAll({ node: "n2" })).toHaveLength(1);
  });

  it("whose lease is over are another's, and what the first has delivered stays delivered", async () => {
    const message = aMessage();
    await post(message);
    await claimAll({ leaseMs: -1 });
    expect(await claimAll({ node: "n2" })).toHaveLength(1);
    const result = { at: at(6), delivered: true, status: 200, error: null, notBefore: null, goneUrl: null };
    const failed = { ...result, delivered: false, status: 500, error: "no" };
    // A failure of a lease that is over says nothing.
    await store.settleMessages({
      node: "n1",
      results: [{ id: message.id, endpoint: "ops", result: failed, dueAt: null }],
    });
    expect(await store.getMessage(message.id)).toMatchObject({ state: "waiting", attempts: 0 });
    await store.settleMessages({
      node: "n1",
      results: [{ id: message.id, endpoint: "ops", result, dueAt: null }],
    });
    await store.settleMessages({
      node: "n2",
      results: [{ id: message.id, endpoint: "ops", result: failed, dueAt: at(9) }],
    });
    expect(await store.getMessage(message.id)).toMatchObject({
      state: "delivered",
      attempts: 1,
      status: 200,
    });
  });

  it("are claimed only when they are due, and of an ordered endpoint one at a time", async () => {
    const [first, second] = [aMessage({ createdAt: at(4) }), aMessage({ createdAt: at(0) })];
    await post(first, second);
    expect(await claimAll({ now: at(3), ordered: true })).toEqual([]);
    expect((await claimAll({ now: at(3), limit: 1 })).map(({ id }) => id)).toEqual([second.id]);
    await store.releaseMessages({ node: null });
    expect((await claimAll({ ordered: true })).map(({ id }) => id)).toEqual([first.id]);
    expect(await claimAll({ ordered: true })).toEqual([]);
  });

  it("are forgotten in time, dead ones later", async () => {
    const [done, dead, waits] = [aMessage(), aMessage({ error: "a template that fails" }), aMessage()];
    await post(done, dead, waits);
    await claimAll();
    const result = { at: at(6), delivered: true, status: 200, error: null, notBefore: null, goneUrl: null };
    await store.settleMessages({
      node: "n1",
      results: [{ id: done.id, endpoint: "ops", result, dueAt: null }],
    });
    const left = async (): Promise<string[]> =>
      (await store.listMessages({ limit: 9 })).items.map(({ id }) => id);
    await store.pruneMessages({ deliveredBefore: at(7), deadBefore: at(0) });
    expect(await left()).toEqual([waits.id, dead.id]);
    await store.pruneMessages({ deliveredBefore: at(7), deadBefore: at(7) });
    expect(await left()).toEqual([waits.id]);
  });

  it("are listed in pages, by endpoint and state, and counted", async () => {
    await post(aMessage(), aMessage({ endpoint: "chat" }), aMessage({ error: "x" }), aMessage());
    const page = await store.listMessages({ endpoint: "ops", limit: 2 });
    expect(page.items).toHaveLength(2);
    expect(
      (await store.listMessages({ endpoint: "ops", limit: 2, cursor: page.next ?? "" })).items,
    ).toHaveLength(1);
    expect((await store.listMessages({ state: "dead", limit: 9 })).items).toMatchObject([
      { error: "x", state: "dead" },
    ]);
    expect((await store.endpointRecords()).map(({ name, waiting, dead }) => [name, waiting, dead])).toEqual([
      ["chat", 1, 0],
      ["ops", 2, 1],
    ]);
  });
});
