import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../../src/storage/store.ts";
import { aDelivery, aTask, at, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

describe("counters", () => {
  it("add up, sorted by name and source", async () => {
    await store.count({ name: "signature:missing", source: "b", by: 2 });
    await store.count({ name: "signature:missing", source: "B", by: 1 });
    await store.count({ name: "auth:missing", source: "z", by: 3_000_000_000 });
    await store.count({ name: "auth:missing", source: "z", by: 1 });
    expect(await store.counters()).toEqual([
      { name: "auth:missing", source: "z", value: 3_000_000_001 },
      { name: "signature:missing", source: "B", value: 1 },
      { name: "signature:missing", source: "b", value: 2 },
    ]);
  });

  it("lose nothing when many count at the same time", async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => opened.server(index).count({ name: "n", source: "s", by: 1 })),
    );
    expect(await store.counters()).toEqual([{ name: "n", source: "s", value: 40 }]);
  });
});

describe("settings", () => {
  it("are kept by their digest, the first text for good", async () => {
    await store.saveSettings({ digest: "d", text: "one", now: at(0) });
    await store.saveSettings({ digest: "d", text: "two", now: at(1) });
    expect(await store.getSettings("d")).toBe("one");
    expect(await store.getSettings("none")).toBeNull();
  });
});

describe("tokens", () => {
  const aToken = (name: string, id = name) => ({
    id,
    name,
    hash: `hash-${id}`,
    scopes: ["tasks:read"],
    createdAt: at(0),
    expiresAt: null,
  });

  it("are found by their hash, and listed newest first", async () => {
    await store.createToken(aToken("a", "1"));
    await store.createToken({ ...aToken("b", "2"), expiresAt: at(9) });
    await store.touchToken({ id: "1", now: at(3) });
    expect(await store.findToken("hash-1")).toEqual({
      id: "1",
      name: "a",
      scopes: ["tasks:read"],
      createdAt: at(0),
      expiresAt: null,
      lastUsedAt: at(3),
      revokedAt: null,
    });
    expect((await store.listTokens()).map(({ name, expiresAt }) => [name, expiresAt])).toEqual([
      ["b", at(9)],
      ["a", null],
    ]);
    expect(await store.findToken("none")).toBeNull();
  });

  it("are revoked by id or name, once; then the name is free again", async () => {
    await store.createToken(aToken("a", "1"));
    await store.createToken(aToken("b", "2"));
    expect(await store.revokeToken({ ref: "a", now: at(1) })).toBe(true);
    expect(await store.revokeToken({ ref: "2", now: at(1) })).toBe(true);
    expect(await store.revokeToken({ ref: "a", now: at(2) })).toBe(false);
    expect((await store.findToken("hash-1"))?.revokedAt).toBe(at(1));
    await store.createToken(aToken("a", "3"));
  });

  it("have one live owner of a name, also when many ask at the same time", async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        opened.server(index).createToken(aToken("same", String(index))),
      ),
    );
    const refused = all.filter((each) => each.status === "rejected");
    expect(refused).toHaveLength(9);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: "token:exists" });
  });
});

describe("texts", () => {
  const strange = "tab\t line\n quote' \" back\\ emoji 🚀 rtl \u202E zero \u0000 half \uD83D end";
  /** What no database could keep is replaced, alike in all of them. */
  const kept = strange.replace("zero \u0000", "zero \uFFFD").replace("half \uD83D", "half \uFFFD");

  it("come back as they were, where every database can keep them", async () => {
    const { delivery } = aDelivery({ event: strange, reason: strange, headers: { "x-a": strange } });
    await store.storeDelivery(aDelivery(delivery));
    // In JSON nothing has to be replaced but half a pair, which has no bytes.
    expect(await store.getDelivery(delivery.id)).toEqual({ ...delivery, event: kept, reason: kept });
    const task = aTask({ params: { p: strange }, metadata: { m: strange } });
    await store.createTask(task);
    expect(await store.getTask(task.id)).toMatchObject({ params: { p: strange }, metadata: { m: strange } });
    await store.appendLog([{ taskId: task.id, time: at(0), stream: "stdout", step: null, text: strange }]);
    expect(await store.listLog({ taskId: task.id, after: 0, limit: 1 })).toMatchObject([{ text: kept }]);
  });

  it("are found again by the same text", async () => {
    await store.storeDelivery(aDelivery({ senderId: strange, event: strange }));
    expect(await store.storeDelivery(aDelivery({ senderId: strange }))).toMatchObject({ duplicate: true });
    expect((await store.listDeliveries({ limit: 1, event: strange })).items).toHaveLength(1);
  });

  it("may be long", async () => {
    const text = "x".repeat(3_000_000);
    await store.saveSettings({ digest: "d", text, now: at(0) });
    expect(await store.getSettings("d")).toBe(text);
  });
});

describe("the store as a whole", () => {
  it("answers", async () => {
    await expect(store.ping()).resolves.toBeUndefined();
  });
});
