import { afterEach, beforeEach, expect, it } from "vitest";
import type { Store } from "../../../src/storage/store.ts";
import { aTask, at, claim, complete, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

it("an empty store has nothing to do", async () => {
  expect(await store.queueStats()).toEqual({ waiting: 0, held: 0, running: 0, oldestAt: null });
});

it("counts what waits, is held and runs, and knows since when the first that may start has waited", async () => {
  const hold = { type: "approval", until: at(9_999), reason: "for somebody" } as const;
  await store.createTask({ ...aTask({ group: "h", createdAt: at(1) }), hold });
  const [first, second, third] = [
    aTask({ group: "a", createdAt: at(2) }),
    aTask({ group: "b", createdAt: at(3) }),
    aTask({ group: "a", createdAt: at(4) }),
  ];
  for (const task of [first, second, third]) await store.createTask(task);
  expect(await store.queueStats()).toEqual({ waiting: 3, held: 1, running: 0, oldestAt: at(2) });
  await claim(store);
  expect(await store.queueStats()).toEqual({ waiting: 1, held: 1, running: 2, oldestAt: at(4) });
  await complete(store, first.id);
  await complete(store, second.id);
  await opened.reopen();
  expect(await opened.store.queueStats()).toEqual({ waiting: 1, held: 1, running: 0, oldestAt: at(4) });
});
