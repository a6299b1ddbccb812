import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aDelivery, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
beforeEach(async () => {
  opened = await openTestStore();
});
afterEach(() => opened.close());

describe("deliveries that wait", () => {
  it("are handed out in the order in which they were stored, and counted", async () => {
    const { store } = opened;
    const inputs = ["one", "two", ""].map((body) =>
      aDelivery({ body: Buffer.from(body), fingerprint: body }),
    );
    for (const input of inputs) await store.storeDelivery(input);
    expect(await store.deliveryTotals()).toEqual({ count: 3, bytes: 6 });
    const found = [];
    for (let after = 0; ;) {
      const next = await store.nextDelivery(after);
      if (next === null) break;
      found.push(next);
      after = next.seq;
    }
    expect(found.map(({ delivery }) => delivery)).toEqual(inputs.map(({ delivery }) => delivery));
    expect(found.map(({ fingerprint }) => fingerprint)).toEqual(["one", "two", ""]);
  });

  it("go with their bodies", async () => {
    const { store } = opened;
    const [first, second] = [aDelivery({ senderId: "s" }), aDelivery()];
    await store.storeDelivery(first);
    await store.storeDelivery(second);
    await store.removeDelivery(first.delivery.id);
    await store.removeDelivery(first.delivery.id);
    expect(await store.nextDelivery(0)).toMatchObject({ delivery: { id: second.delivery.id } });
    expect(await store.deliveryTotals()).toEqual({ count: 1, bytes: 2 });
    expect(await store.getDeliveryBody(first.delivery.id)).toBeNull();
    expect(await store.storeDelivery(aDelivery({ senderId: "s" }))).toMatchObject({ duplicate: false });
  });

  it("are none in an empty store", async () => {
    expect(await opened.store.nextDelivery(0)).toBeNull();
    expect(await opened.store.deliveryTotals()).toEqual({ count: 0, bytes: 0 });
  });
});
