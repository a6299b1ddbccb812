import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../../src/storage/store.ts";
import { aDelivery, at, openTestStore, type OpenStore } from "../../support/store.ts";

const key = { source: "app", hook: "/repos/o/app" };
const begin = (store: Store, node: string, second: number, startedBefore = second + 1) =>
  store.beginRecovery({ ...key, node, now: at(second), startedBefore: at(startedBefore) });
const end = (store: Store, node: string, second: number) =>
  store.endRecovery({ ...key, node, now: at(second), found: 1, asked: 2, error: null });
const missed = (senderId: string) => ({ senderId, remoteId: `1${senderId}`, event: "push" });
const note = (store: Store, ids: readonly string[], since = "mark") =>
  store.noteMissed({ ...key, since, now: at(0), missed: ids.map(missed) });
const due = async (store: Store, second: number): Promise<string[]> =>
  (await store.dueMissed({ ...key, now: at(second), limit: 10 })).map(({ senderId }) => senderId);

let opened: OpenStore;
let store: Store;

beforeEach(async () => {
  opened = await openTestStore();
  ({ store } = opened);
});

afterEach(() => opened.close());

const live = (id: string) =>
  store.heartbeat({ id, name: id, labels: [], roles: ["receive"], pools: [], version: "1", leaseMs: 60_000 });

describe("rounds of recovery", () => {
  it("are one node's at a time, of those that live", async () => {
    await live("n1");
    expect(await begin(store, "n1", 0)).toEqual({ since: null });
    expect(await begin(opened.other, "n2", 10)).toBeNull();
    await end(store, "n1", 11);
    expect(await begin(opened.other, "n2", 20)).toEqual({ since: null });
    // n2 was never heard of: it is lost.
    expect(await begin(store, "n1", 30)).toEqual({ since: null });
  });

  it("begin once among nodes that ask at the same moment", async () => {
    const nodes = ["n0", "n1", "n2", "n3"];
    await Promise.all(nodes.map(live));
    const begun = await Promise.all(nodes.map((node, index) => begin(opened.server(index), node, 0)));
    expect(begun.filter((each) => each !== null)).toHaveLength(1);
  });

  it("begin only so often", async () => {
    await begin(store, "n1", 0);
    await end(store, "n1", 1);
    expect(await begin(store, "n1", 10, 0)).toBeNull();
    expect(await begin(store, "n1", 10, 1)).not.toBeNull();
  });

  it("go on where the last one ended, also after a restart", async () => {
    await begin(store, "n1", 0);
    await note(store, [], "here");
    await end(store, "n1", 1);
    store = await opened.reopen();
    expect(await begin(store, "n2", 10)).toEqual({ since: "here" });
  });
});

describe("missed deliveries", () => {
  it("are due in the order in which they were noted, until they have been accepted", async () => {
    await note(store, ["9", "10", "2"]);
    expect(await due(store, 0)).toEqual(["2", "9", "10"]);
    await store.storeDelivery(aDelivery({ senderId: "9" }));
    await store.storeDelivery(aDelivery({ senderId: "2", verdict: "rejected" }));
    expect(await due(store, 0)).toEqual(["2", "10"]);
    expect(await store.acceptedAmong({ source: "app", senderIds: ["9", "2", "7"] })).toEqual(["9"]);
  });

  it("are asked for by one, and not before their time", async () => {
    await note(store, ["1"]);
    const [found] = await store.dueMissed({ ...key, now: at(0), limit: 10 });
    if (found === undefined) throw new Error("nothing is due");
    const asking = { source: "app", missed: found, nextAt: at(60) };
    const both = await Promise.all([store.noteAsking(asking), opened.other.noteAsking(asking)]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await due(store, 59)).toEqual([]);
    expect(await due(store, 60)).toEqual(["1"]);
  });

  it("are not asked for again when the delivery that came in has been removed for its age", async () => {
    await begin(store, "n1", 0);
    await note(store, ["1"]);
    await store.storeDelivery(aDelivery({ senderId: "1", receivedAt: at(1) }));
    await end(store, "n1", 2);
    const all = { after: 0, limit: 10, upTo: 0, dryRun: false, before: at(50) };
    expect(await store.prune({ ...all, what: "deliveries" })).toMatchObject({ removed: 1 });
    expect(await due(store, 60)).toEqual([]);
    expect(await store.recoveryStates()).toMatchObject([{ cameIn: 1, open: 0, givenUp: 0 }]);
  });

  it("are known once, and told of in numbers", async () => {
    await begin(store, "n1", 0);
    await note(store, ["1", "2", "3"]);
    await note(store, ["1"]);
    await store.storeDelivery(aDelivery({ senderId: "1" }));
    const refused = { senderId: "2", attempts: 1 };
    await store.noteRefusal({ source: "app", missed: refused, nextAt: null, error: "gone" });
    await end(store, "n1", 5);
    expect(await store.recoveryStates()).toEqual([
      {
        ...key,
        startedAt: at(0),
        endedAt: at(5),
        error: null,
        found: 1,
        asked: 2,
        cameIn: 1,
        open: 1,
        givenUp: 1,
      },
    ]);
  });
});

describe("a delivery that was rejected", () => {
  it("comes in under the same id once it can be used, and then no more", async () => {
    const rejected = aDelivery({ senderId: "x", fingerprint: "f", verdict: "rejected", reason: "no" });
    await store.storeDelivery(rejected);
    const again = await store.storeDelivery(
      aDelivery({ senderId: "x", fingerprint: "f", verdict: "rejected" }),
    );
    expect(again).toMatchObject({ duplicate: true, deliveryId: rejected.delivery.id });
    const good = aDelivery({ senderId: "x", fingerprint: "f", tasks: [{ id: "t1" }] });
    expect(await store.storeDelivery(good)).toMatchObject({ duplicate: false, verdict: "accepted" });
    const third = await store.storeDelivery(
      aDelivery({ senderId: "x", fingerprint: "f", tasks: [{ id: "t2" }] }),
    );
    expect(third).toMatchObject({ duplicate: true, deliveryId: good.delivery.id, tasks: [{ id: "t1" }] });
    expect(await store.getTask("t2")).toBeNull();
    expect(await store.getDelivery(rejected.delivery.id)).toMatchObject({
      verdict: "rejected",
      senderId: null,
    });
  });
});
