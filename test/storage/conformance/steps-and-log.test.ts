import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StepRun } from "../../../src/domain/task.ts";
import type { NewLogEntry, Store } from "../../../src/storage/store.ts";
import { aTask, at, claim, complete, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
  await store.createTask(aTask({ id: "t" }));
  await claim(store);
});
afterEach(() => opened.close());

const aStep = (step: Partial<StepRun> = {}): StepRun => ({
  index: 0,
  phase: "run",
  name: "build",
  kind: "run",
  state: "running",
  exitCode: null,
  outputs: {},
  startedAt: at(1),
  endedAt: null,
  ...step,
});
const put = (step: StepRun, taskId = "t"): Promise<void> => store.putStep({ taskId, step });
const steps = async () => (await store.getTask("t"))?.steps;

describe("steps", () => {
  it("are kept in the order they began, runs and undos", async () => {
    const done = aStep({ state: "succeeded", exitCode: 0, outputs: { v: "1" }, endedAt: at(2) });
    const failed = aStep({ index: 1, startedAt: at(2), state: "failed", exitCode: 3, endedAt: at(3) });
    const undo = aStep({ phase: "undo", startedAt: at(4) });
    for (const step of [undo, failed, done]) await put(step);
    expect(await steps()).toEqual([done, failed, undo]);
  });

  it("take the end for the newer news, whenever it arrives", async () => {
    const done = aStep({ state: "succeeded", exitCode: 0, endedAt: at(2) });
    await put(done);
    await put(aStep());
    expect(await steps()).toEqual([done]);
    await put(aStep({ startedAt: at(3) }));
    expect(await steps()).toEqual([aStep({ startedAt: at(3) })]);
  });

  it("tell how long each took on average, in the last completed tasks of the action", async () => {
    await complete(store, "t");
    for (let i = 0; i < 12; i += 1) {
      const id = `d${i}`;
      await store.createTask(aTask({ id }));
      await claim(store);
      // The first two are too old to count.
      await put(aStep({ state: "succeeded", endedAt: at(i < 2 ? 50 : 2 + (i % 2)) }), id);
      await put(aStep({ index: 1, state: "failed", endedAt: at(9) }), id);
      await complete(store, id);
    }
    expect(await store.stepDurations("deploy")).toEqual({ 0: 1_500 });
    expect(await store.stepDurations("none")).toEqual({});
  });
});

const line = (text: string, taskId = "t"): NewLogEntry => ({
  taskId,
  time: at(1),
  stream: "stdout",
  step: 0,
  text,
});
const textsAfter = async (after: number, limit = 1_000): Promise<string[]> =>
  (await store.listLog({ taskId: "t", after, limit })).map(({ text }) => text);

describe("the log", () => {
  it("is given back in the order it was written", async () => {
    const last = await store.appendLog([line("one"), { ...line("two"), step: null, stream: "system" }]);
    await store.appendLog([line("elsewhere", "u"), line("three")]);
    const entries = await store.listLog({ taskId: "t", after: 0, limit: 10 });
    expect(entries).toMatchObject([
      { taskId: "t", time: at(1), stream: "stdout", step: 0, text: "one" },
      { stream: "system", step: null, text: "two", seq: last },
      { text: "three" },
    ]);
    expect(await textsAfter(last)).toEqual(["three"]);
    expect(await textsAfter(0, 2)).toEqual(["one", "two"]);
    expect(await textsAfter(1e12)).toEqual([]);
    expect(await store.appendLog([])).toBe(0);
  });

  it("shows a reader who goes on from the highest number every entry, however many write", async () => {
    const writers = 8;
    const each = 25;
    const seen: string[] = [];
    let writing = true;
    const follow = async (): Promise<void> => {
      let after = 0;
      for (let last = false; ;) {
        const entries = await opened.other.listLog({ taskId: "t", after, limit: 1_000 });
        seen.push(...entries.map(({ text }) => text));
        after = entries.at(-1)?.seq ?? after;
        if (last) return;
        last = !writing;
      }
    };
    const write = async (writer: number): Promise<void> => {
      const own = opened.server(writer);
      for (let i = 0; i < each; i += 1) {
        // Every second one together with another task's, whose lock it needs as well.
        const rest = i % 2 === 0 ? [] : [line("x", "other")];
        await own.appendLog([...rest, line(`${writer}-${i}`), line(`${writer}-${i}b`)]);
      }
    };
    const following = follow();
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    writing = false;
    await following;
    expect(seen).toHaveLength(writers * each * 2);
    expect(new Set(seen).size).toBe(writers * each * 2);
    const ofFirst = seen.filter((text) => text.startsWith("0-"));
    expect(ofFirst).toEqual(Array.from({ length: each }, (_, i) => [`0-${i}`, `0-${i}b`]).flat());
  });
});
