import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../../src/lib/ids.ts";
import type { NewMessage, Store } from "../../../src/storage/store.ts";
import { aTask, at, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

const aMessage = (orderKey?: string): NewMessage => ({
  id: newId(),
  endpoint: "report:deploy",
  type: "task.completed",
  taskId: null,
  urlDigest: "url",
  headers: {},
  body: "{}",
  error: null,
  createdAt: at(0),
  ...(orderKey !== undefined && { orderKey }),
});

async function post(...messages: NewMessage[]): Promise<void> {
  await store.createTask(aTask({ notify: ["task.queued"], group: newId() }));
  const notices = (await store.pendingNotices(9)).map(({ id }) => id);
  await store.postMessages({ notices, messages, incidents: [] });
}

const claim = async (server = store): Promise<string[]> => {
  const endpoints = [{ name: "report:deploy", urlDigest: "url", limit: 10, ordered: false, keyed: true }];
  const claimed = await server.claimMessages({ node: "n1", now: at(5), leaseMs: 60_000, endpoints });
  return claimed.map(({ id }) => id);
};

const settle = (id: string, dueAt: string | null, delivered = false): Promise<void> => {
  const result = {
    at: at(6),
    delivered,
    status: 500,
    error: delivered ? null : "no",
    notBefore: null,
    goneUrl: null,
    refused: true,
  };
  return store.settleMessages({ node: "n1", results: [{ id, endpoint: "report:deploy", result, dueAt }] });
};

describe("messages with an order key", () => {
  it("are handed out one by one of each key, and all that have none", async () => {
    const [first, second, other, free, alsoFree] = [
      aMessage("a"),
      aMessage("a"),
      aMessage("b"),
      aMessage(),
      aMessage(),
    ];
    await post(first, second, other, free, alsoFree);
    expect(await claim()).toEqual([first.id, other.id, free.id, alsoFree.id]);
    expect(await claim(opened.server(1))).toEqual([]);
    // One that waits for its next attempt holds up what follows it.
    await settle(first.id, at(3_600));
    expect(await claim()).toEqual([]);
  });

  it("go on behind one that was delivered, and one that was given up", async () => {
    const [first, second, third] = [aMessage("a"), aMessage("a"), aMessage("a")];
    await post(first, second, third);
    await claim();
    await settle(first.id, null, true);
    expect(await claim()).toEqual([second.id]);
    await settle(second.id, null);
    expect(await claim()).toEqual([third.id]);
  });

  it("are not sent anew by hand behind a newer one", async () => {
    const [first, second, other] = [aMessage("a"), aMessage("a"), aMessage("b")];
    await post(first, second, other);
    await claim();
    await settle(first.id, null);
    await settle(other.id, null);
    expect(await store.retryMessage({ id: first.id, now: at(9) })).toBeNull();
    expect(await store.retryDeadMessages({ endpoint: null, now: at(4) })).toBe(1);
    const anew = (await store.listMessages({ limit: 1 })).items[0];
    expect(anew).toMatchObject({ retryOf: other.id, state: "waiting" });
    await claim();
    await settle(anew?.id ?? "", null);
    expect(await store.retryMessage({ id: anew?.id ?? "", now: at(9) })).toMatchObject({ state: "waiting" });
  });

  it("that are refused leave the endpoint as it is", async () => {
    const messages = Array.from({ length: 6 }, () => aMessage());
    await post(...messages);
    await claim();
    for (const { id } of messages) await settle(id, null);
    expect(await store.endpointRecords()).toMatchObject([
      { failures: 0, closedUntil: null, lastStatus: 500 },
    ]);
  });
});

describe("what is reported of a task", () => {
  it("is kept with it", async () => {
    const report = {
      rules: "app:hello",
      repository: "o/r",
      commit: "a".repeat(40),
      ref: "main",
      tag: false,
      user: "dscape",
    };
    const task = aTask({ report, notify: ["task.queued"] });
    await store.createTask(task);
    expect(await store.getTask(task.id)).toMatchObject({ report });
    expect(await store.pendingNotices(10)).toMatchObject([
      { type: "task.queued", at: at(0), task: { id: task.id } },
    ]);
  });

  it("is not told as queued where it may not even wait", async () => {
    const [first, second] = [
      aTask({ policy: "reject" }),
      aTask({ policy: "reject", notify: ["task.queued"] }),
    ];
    await store.createTask(first);
    await store.createTask(second);
    expect(await store.pendingNotices(10)).toEqual([]);
  });
});

describe("deployments that a forge was told of", () => {
  const one = { taskId: "t1", place: "p", remoteId: "1", state: "new", at: at(1) };

  it("are found by their place, and change", async () => {
    await store.putForgeDeployment(one);
    await store.putForgeDeployment({ ...one, taskId: "t2", remoteId: "2", at: at(2) });
    await store.putForgeDeployment({ ...one, place: "other" });
    await store.putForgeDeployment({ ...one, state: "success" });
    expect(await opened.server(1).forgeDeployments("p")).toEqual([
      { ...one, state: "success" },
      { ...one, taskId: "t2", remoteId: "2", at: at(2) },
    ]);
  });

  it("are forgotten once they are long over, unless they are what is deployed", async () => {
    await store.putForgeDeployment({ ...one, state: "failure" });
    await store.putForgeDeployment({ ...one, taskId: "t2", state: "success" });
    await store.putForgeDeployment({ ...one, taskId: "t3", at: at(100 * 86_400) });
    expect((await store.forgeDeployments("p")).map(({ taskId }) => taskId)).toEqual(["t2", "t3"]);
  });
});

describe("pairings", () => {
  it("are seen by every server, and replaced by whoever knows what is there", async () => {
    expect(await store.getPairing("x")).toBeNull();
    await store.putPairing({ name: "x", sealed: "1", now: at(1) });
    await store.putPairing({ name: "x", sealed: "2", now: at(2) });
    expect(await opened.server(1).getPairing("x")).toBe("2");
    expect(await store.replacePairing({ name: "x", was: "1", sealed: "3" })).toBe(false);
    expect(await store.replacePairing({ name: "x", was: "2", sealed: "3" })).toBe(true);
    expect(await store.listPairings()).toEqual([{ name: "x", sealed: "3" }]);
  });
});
