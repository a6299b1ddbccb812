import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PRUNABLE, type Prunable, type PruneInput, type Store } from "../../../src/storage/store.ts";
import {
  aDelivery,
  aTask,
  at,
  claim,
  complete,
  type DeliveryInput,
  openTestStore,
  type OpenStore,
} from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

const OLD = at(10);
const BEFORE = at(60);
const NEW = at(100);

/** Goes through all batches; resolves with how much was removed. */
async function pruneAll(what: Prunable, change: Partial<PruneInput> = {}): Promise<number> {
  let removed = 0;
  for (let after: number | null = 0; after !== null;) {
    const input = { what, before: BEFORE, upTo: 0, after, limit: 3, dryRun: false, ...change };
    const batch: Awaited<ReturnType<Store["prune"]>> = await store.prune({ ...input, after });
    removed += batch?.removed ?? 0;
    after = batch?.next ?? null;
  }
  return removed;
}

async function storeOne(input: DeliveryInput = {}): Promise<string> {
  return (await store.storeDelivery(aDelivery({ receivedAt: OLD, ...input }))).deliveryId;
}

/** A task that has ended at that time. */
async function endedTask(time: string, input: Parameters<typeof aTask>[0] = {}): Promise<string> {
  const { task } = await store.createTask(aTask({ createdAt: time, ...input }));
  await claim(store);
  const signal = { type: "complete" } as const;
  await store.transition({ id: task.id, signal, reason: null, now: time });
  return task.id;
}

const line = (taskId: string, time = OLD) =>
  ({ taskId, time, stream: "stdout", step: 0, text: "x" }) as const;
const logOf = (taskId: string) => store.listLog({ taskId, after: 0, limit: 5_000 });

describe("bodies", () => {
  it("go before their deliveries, oldest first, and are told from lost deliveries", async () => {
    const old = [await storeOne(), await storeOne(), await storeOne(), await storeOne()];
    const fresh = await storeOne({ receivedAt: NEW, body: Buffer.from("fresh") });
    expect(await pruneAll("bodies")).toBe(4);
    for (const id of old) {
      expect(await store.getDeliveryBody(id)).toBeNull();
      expect(await store.getDelivery(id)).toMatchObject({ id, bodySize: 2 });
    }
    expect((await store.getDeliveryBody(fresh))?.toString()).toBe("fresh");
    expect(await pruneAll("bodies")).toBe(0);
  });

  it("stay as long as a task of their delivery has not ended", async () => {
    const id = await storeOne({ body: Buffer.from("needed"), tasks: [{}] });
    expect(await pruneAll("bodies", { upTo: Number.MAX_SAFE_INTEGER })).toBe(0);
    const [task] = await claim(store);
    expect(await pruneAll("bodies")).toBe(0);
    expect((await store.getDeliveryBody(id))?.toString()).toBe("needed");
    await complete(store, task?.task.id ?? "");
    expect(await pruneAll("bodies")).toBe(1);
  });

  it("beyond the room there is are found from the newest on", async () => {
    const ids = [];
    for (let index = 0; index < 5; index += 1) ids.push(await storeOne({ body: Buffer.alloc(10) }));
    const start = { before: Number.MAX_SAFE_INTEGER, limit: 2 };
    expect(await store.fitBodies({ ...start, room: 50, limit: 10 })).toEqual({ type: "fits" });
    const first = await store.fitBodies({ ...start, room: 25 });
    expect(first).toMatchObject({ type: "more", room: 5 });
    const second = first.type === "more" ? await store.fitBodies({ ...first, limit: 2 }) : first;
    const upTo = second.type === "beyond" ? second.upTo : 0;
    expect(await pruneAll("bodies", { upTo, before: "" })).toBe(3);
    const kept = await Promise.all(ids.map(async (id) => (await store.getDeliveryBody(id)) !== null));
    expect(kept).toEqual([false, false, false, true, true]);
  });

  it("that go leave the others readable, also after a restart", async () => {
    await storeOne();
    const fresh = await storeOne({ receivedAt: NEW, body: Buffer.from("fresh") });
    await pruneAll("bodies");
    await store.freeBodies();
    const again = await opened.reopen();
    expect((await again.getDeliveryBody(fresh))?.toString()).toBe("fresh");
    const { deliveryId } = await again.storeDelivery(aDelivery({ body: Buffer.from("later") }));
    expect((await again.getDeliveryBody(deliveryId))?.toString()).toBe("later");
  });
});

describe("deliveries", () => {
  it("go with their bodies, and their sender's id is free again", async () => {
    const id = await storeOne({ senderId: "one" });
    const fresh = await storeOne({ receivedAt: NEW, senderId: "two" });
    expect(await pruneAll("deliveries")).toBe(1);
    expect(await store.getDelivery(id)).toBeNull();
    expect(await store.storeDelivery(aDelivery({ senderId: "one" }))).toMatchObject({ duplicate: false });
    expect(await store.storeDelivery(aDelivery({ senderId: "two" }))).toMatchObject({
      duplicate: true,
      deliveryId: fresh,
    });
  });

  it("stay as long as a task of theirs has not ended, and when the memory of health rests on them", async () => {
    await storeOne({ tasks: [{}] });
    const remembered = aDelivery({ receivedAt: OLD });
    const { id } = remembered.delivery;
    const entry = {
      source: "argo",
      app: "",
      position: 1,
      type: "rollback",
      revision: "b",
      target: "a",
    } as const;
    await store.storeDelivery({
      ...remembered,
      tasks: [aTask({ deliveryId: id, group: "rollback", createdAt: OLD })],
      health: { ...entry, deliveryId: id, at: OLD },
    });
    for (const { task } of await claim(store)) await complete(store, task.id);
    await store.createTask(
      aTask({ deliveryId: (await store.listDeliveries({ limit: 9 })).items[1]?.id ?? "" }),
    );
    const before = await store.healthHistory({ source: "argo", app: "" });
    expect(await pruneAll("deliveries")).toBe(0);
    expect(await pruneAll("tasks")).toBe(1);
    expect(await store.healthHistory({ source: "argo", app: "" })).toEqual(before);
    expect(await store.tasksOfDelivery(id)).toHaveLength(1);
  });

  it("with a time that was wrong do not keep the walk from those behind them", async () => {
    await storeOne({ receivedAt: at(1_000_000) });
    await storeOne();
    expect(await pruneAll("deliveries")).toBe(1);
  });
});

describe("tasks", () => {
  it("go with their steps and logs, however long, when they ended long ago", async () => {
    const old = await endedTask(OLD);
    const step = { index: 0, phase: "run", name: "a", kind: "run", state: "succeeded" } as const;
    const record = { ...step, exitCode: 0, outputs: {}, startedAt: OLD, endedAt: OLD };
    await store.putStep({ taskId: old, step: record });
    await store.appendLog(Array.from({ length: 4_500 }, () => line(old)));
    const fresh = await endedTask(NEW);
    await store.appendLog([line(fresh, NEW)]);
    expect(await pruneAll("tasks", { dryRun: true })).toBe(1);
    expect(await pruneAll("tasks")).toBe(1);
    expect(await store.getTask(old)).toBeNull();
    expect(await logOf(old)).toEqual([]);
    expect(await store.getTask(fresh)).toMatchObject({ id: fresh });
    expect(await logOf(fresh)).toHaveLength(1);
  });

  it("that wait, run or are being undone stay, however old", async () => {
    const ids = [];
    for (const group of ["waiting", "running", "cancelling"]) {
      const { task } = await store.createTask(aTask({ group, createdAt: OLD }));
      ids.push(task.id);
      if (group !== "waiting") continue;
      await store.transition({ id: task.id, signal: { type: "start" }, reason: null, now: OLD });
      await store.transition({ id: task.id, signal: { type: "requeue" }, reason: null, now: OLD });
    }
    await store.transition({ id: ids[1] ?? "", signal: { type: "start" }, reason: null, now: OLD });
    await store.transition({ id: ids[2] ?? "", signal: { type: "start" }, reason: null, now: OLD });
    const stop = { type: "stop", outcome: "cancelled" } as const;
    await store.transition({ id: ids[2] ?? "", signal: stop, reason: null, now: OLD });
    await store.appendLog(ids.map((id) => line(id)));
    for (const what of PRUNABLE) expect(await pruneAll(what)).toBe(0);
    for (const id of ids) expect(await logOf(id)).toHaveLength(1);
  });

  it("stay as long as one of their family has not ended", async () => {
    const parent = await endedTask(OLD, { group: "parent", maxParallel: 2 });
    await endedTask(OLD, { group: "one", parentId: parent });
    const { task: open } = await store.createTask(aTask({ group: "two", parentId: parent, createdAt: OLD }));
    const lead = await store.createTask(aTask({ group: "lead", createdAt: OLD, maxParallel: 1 }));
    await endedTask(OLD, { group: "part", parentId: lead.task.id });
    await store.transition({ id: lead.task.id, signal: { type: "requeue" }, reason: null, now: OLD });
    // The ended part of the ended parent is all that nobody waits for.
    expect(await pruneAll("tasks")).toBe(1);
    await claim(store);
    for (const id of [open.id, lead.task.id]) {
      await store.transition({ id, signal: { type: "complete" }, reason: null, now: OLD });
    }
    expect(await pruneAll("tasks")).toBe(4);
  });
});

describe("logs", () => {
  it("of ended tasks go, and the tasks stay", async () => {
    const old = await endedTask(OLD);
    const late = await endedTask(NEW);
    await store.appendLog([line(old), line(late), line(old), line(old), line("nobody's")]);
    expect(await pruneAll("logs", { dryRun: true })).toBe(4);
    expect(await pruneAll("logs")).toBe(4);
    expect(await store.getTask(old)).toMatchObject({ state: "COMPLETED" });
    expect(await logOf(late)).toHaveLength(1);
  });
});
