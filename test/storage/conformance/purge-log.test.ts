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

const SECRET = "a-secret-that-was-printed";

/** A running task that has printed a secret, and kept it as an output. */
async function printed(id: string): Promise<void> {
  await store.createTask(aTask({ id, group: id }));
  await claim(store);
  const line = { taskId: id, time: at(1), step: 0 } as const;
  await store.appendLog([
    { ...line, stream: "stdout", text: SECRET },
    { ...line, stream: "stderr", text: "The log was purged by somebody" },
    { ...line, stream: "system", text: "Started" },
  ]);
  const step = { index: 0, phase: "run", name: "a", kind: "run", state: "succeeded" } as const;
  const rest = { exitCode: 0, outputs: { token: SECRET }, startedAt: at(1), endedAt: at(2) };
  await store.putStep({ taskId: id, step: { ...step, ...rest } });
}

const purge = (taskId: string, second: number) =>
  store.purgeLog({ taskId, by: "token:ann", now: at(second) });
const linesOf = async (taskId: string) =>
  (await store.listLog({ taskId, after: 0, limit: 10 })).map(({ text }) => text);

it("removes an ended task's lines and outputs, nobody else's, and says so in its log", async () => {
  await printed("one");
  await printed("two");
  await complete(store, "one");
  expect(await purge("one", 20)).toBe(4);
  expect(await linesOf("one")).toEqual([
    `The log was purged by token:ann at ${at(20)} (lines: 3, outputs of steps: 1)`,
  ]);
  expect((await store.getTask("one"))?.steps[0]?.outputs).toEqual({});
  expect(await linesOf("two")).toHaveLength(3);
});

it("leaves the notice of an earlier one alone", async () => {
  await printed("one");
  await complete(store, "one");
  await purge("one", 20);
  expect(await purge("one", 21)).toBe(0);
  await store.appendLog([{ taskId: "one", time: at(22), stream: "stdout", step: 0, text: SECRET }]);
  expect(await purge("one", 23)).toBe(1);
  const lines = await linesOf("one");
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain(SECRET);
});

it("refuses while the task has not ended, and where there is none", async () => {
  await printed("one");
  await expect(purge("one", 20)).rejects.toMatchObject({ code: "log:in_use" });
  expect(await linesOf("one")).toHaveLength(3);
  await expect(purge("none", 20)).rejects.toMatchObject({ code: "task:not_found" });
});
