import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../../src/storage/store.ts";
import { aDelivery, at, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

const allTasks = async () => (await store.listTasks({ limit: 500 })).items;

describe("a delivery", () => {
  it("is given back as it was stored, body and all", async () => {
    const input = aDelivery({
      senderId: "s1",
      headers: { "x-github-event": "push" },
      reason: "because",
      verdict: "rejected",
      replayOf: "another",
      remoteAddress: "2001:db8::1",
      body: randomBytes(7_000),
    });
    expect(await store.storeDelivery(input)).toEqual({
      deliveryId: input.delivery.id,
      duplicate: false,
      verdict: "rejected",
      reason: "because",
      tasks: [],
      superseded: [],
    });
    expect(await store.getDelivery(input.delivery.id)).toEqual(input.delivery);
    expect(await store.getDeliveryBody(input.delivery.id)).toEqual(input.body);
  });

  it("is null where there is none", async () => {
    expect(await store.getDelivery("none")).toBeNull();
    expect(await store.getDeliveryBody("none")).toBeNull();
    expect(await store.tasksOfDelivery("none")).toEqual([]);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.from([0])],
    ["every byte", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ["25 MB", randomBytes(25_000_000)],
  ])("keeps a body of %s byte for byte", async (_, body) => {
    const { delivery } = aDelivery();
    await store.storeDelivery(aDelivery({ ...delivery, body }));
    const found = await store.getDeliveryBody(delivery.id);
    expect(found !== null && Buffer.compare(found, body)).toBe(0);
  });

  it("survives that the store is closed and opened again", async () => {
    const body = randomBytes(100);
    const { delivery } = aDelivery({ body });
    await store.storeDelivery(aDelivery({ ...delivery, body, tasks: [{}] }));
    store = await opened.reopen();
    expect(await store.getDelivery(delivery.id)).toEqual(delivery);
    expect(await store.getDeliveryBody(delivery.id)).toEqual(body);
    expect(await store.tasksOfDelivery(delivery.id)).toHaveLength(1);
  });

  it("is stored with its tasks or not at all", async () => {
    const first = aDelivery({ tasks: [{}] });
    await store.storeDelivery(first);
    const same = first.tasks[0]?.id ?? "";
    const second = aDelivery({ senderId: "s2", tasks: [{}, { id: same }] });
    await expect(store.storeDelivery(second)).rejects.toMatchObject({ code: "internal" });
    expect(await store.getDelivery(second.delivery.id)).toBeNull();
    expect(await allTasks()).toHaveLength(1);
    // And what comes after it is not disturbed.
    expect(await store.storeDelivery(aDelivery({ senderId: "s2" }))).toMatchObject({ duplicate: false });
  });
});

describe("a repeated delivery", () => {
  it("is answered as the first was, with its tasks as they are now", async () => {
    const first = aDelivery({ senderId: "s1", tasks: [{ group: "a" }, { group: "b" }] });
    await store.storeDelivery(first);
    await store.transition({
      id: first.tasks[0]?.id ?? "",
      signal: { type: "stop", outcome: "cancelled" },
      reason: null,
      now: at(1),
    });
    const second = await store.storeDelivery(aDelivery({ senderId: "s1", tasks: [{}] }));
    expect(second).toMatchObject({
      duplicate: true,
      deliveryId: first.delivery.id,
      tasks: [
        { id: first.tasks[0]?.id, state: "CANCELLED", outcome: "cancelled" },
        { id: first.tasks[1]?.id, state: "ENQUEUED", outcome: null },
      ],
    });
    expect(await allTasks()).toHaveLength(2);
  });

  it.each([
    ["the same id of another source", { source: "other", senderId: "s1" }, false],
    ["no id", { senderId: null }, false],
    ["the same fingerprint under another id", { senderId: "s2", fingerprint: "f" }, true],
    ["another fingerprint", { senderId: "s2", fingerprint: "f2" }, false],
    ["a fingerprint of another source", { source: "other", senderId: "s2", fingerprint: "f" }, false],
    [
      "a fingerprint from before the window",
      { senderId: "s2", fingerprint: "f", fingerprintsSince: at(11) },
      false,
    ],
  ])("%s", async (_, input, duplicate) => {
    await store.storeDelivery(aDelivery({ senderId: "s1", fingerprint: "f", receivedAt: at(10) }));
    expect(await store.storeDelivery(aDelivery(input))).toMatchObject({ duplicate });
  });

  it("is noticed also when its id is far too long for an index", async () => {
    const senderId = randomBytes(8_000).toString("hex");
    const first = await store.storeDelivery(aDelivery({ senderId }));
    expect(await store.storeDelivery(aDelivery({ senderId }))).toMatchObject({
      duplicate: true,
      deliveryId: first.deliveryId,
    });
    expect(await store.storeDelivery(aDelivery({ senderId: `${senderId}0` }))).toMatchObject({
      duplicate: false,
    });
  });

  it.each([
    ["the same id", () => ({ senderId: "same" })],
    [
      "the same signed bytes under different ids",
      (index: number) => ({ senderId: `s${index}`, fingerprint: "f" }),
    ],
  ])("is taken once when many come at the same time: %s", async (_, input) => {
    const all = await Promise.all(
      Array.from({ length: 40 }, (_each, index) =>
        opened.server(index).storeDelivery(aDelivery({ ...input(index), tasks: [{}] })),
      ),
    );
    expect(all.filter((stored) => !stored.duplicate)).toHaveLength(1);
    expect(new Set(all.map((stored) => stored.deliveryId)).size).toBe(1);
    expect(new Set(all.map((stored) => stored.tasks[0]?.id)).size).toBe(1);
    expect(await allTasks()).toHaveLength(1);
  });
});

describe("the list of deliveries", () => {
  it("filters, newest first", async () => {
    await store.storeDelivery(aDelivery({ id: "1", source: "a", event: "push" }));
    await store.storeDelivery(aDelivery({ id: "2", source: "b", event: "push", verdict: "rejected" }));
    await store.storeDelivery(aDelivery({ id: "3", source: "a", event: "ping" }));
    const ids = async (filter: object) =>
      (await store.listDeliveries({ limit: 10, ...filter })).items.map(({ id }) => id);
    expect(await ids({})).toEqual(["3", "2", "1"]);
    expect(await ids({ source: "a" })).toEqual(["3", "1"]);
    expect(await ids({ verdict: "rejected" })).toEqual(["2"]);
    expect(await ids({ event: "push", source: "a" })).toEqual(["1"]);
    expect(await ids({ event: "none" })).toEqual([]);
  });

  it("pages without a gap or a repetition while more come in", async () => {
    for (let i = 0; i < 7; i += 1) await store.storeDelivery(aDelivery({ id: `d${i}` }));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listDeliveries({ limit: 3, cursor });
      seen.push(...page.items.map(({ id }) => id));
      await store.storeDelivery(aDelivery());
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(["d6", "d5", "d4", "d3", "d2", "d1", "d0"]);
  });

  it("shows the first page for a cursor that makes no sense", async () => {
    await store.storeDelivery(aDelivery({ id: "1" }));
    expect((await store.listDeliveries({ limit: 10, cursor: "x'; drop" })).items).toHaveLength(1);
  });
});
