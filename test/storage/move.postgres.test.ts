import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cancelMove, moveStore, planMove } from "../../src/storage/move/move-store.ts";
import { openStore } from "../../src/storage/open.ts";
import type { Store } from "../../src/storage/store.ts";
import { aDelivery, aTask, at, claim, complete } from "../support/store.ts";
import { containing } from "../support/like.ts";
import { postgresUrlOf, storeIn, type TestStore } from "../support/test-store.ts";

let dir: string;
let path: string;
let place: TestStore;
let url: string;
let opened: Store[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-move-"));
  path = join(dir, "hookwright.db");
  place = await storeIn(dir, { kind: "sqlite", path });
  url = postgresUrlOf(place);
});
afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  opened = [];
  await place.remove();
  await rm(dir, { recursive: true, force: true });
});

async function open(kind: "sqlite" | "postgres"): Promise<Store> {
  const store = await openStore(kind === "sqlite" ? { kind, path } : { kind, url });
  opened.push(store);
  return store;
}

async function use<T>(kind: "sqlite" | "postgres", work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open(kind);
  const result = await work(store);
  opened = opened.filter((each) => each !== store);
  await store.close();
  return result;
}

async function query(sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url, options: "-c search_path=hookwright" });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

const places = () => ({ from: path, to: url, toName: "postgres://elsewhere/db" });
const move = (onProgress: Parameters<typeof moveStore>[0]["onProgress"] = () => undefined) =>
  moveStore({ ...places(), onProgress });

const BODIES = [
  Buffer.alloc(0),
  Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
  Buffer.from("ü \u{1f600} \0"),
  Buffer.alloc(9_000_000, "large"),
];

/** Something in every table, of every sort; resolves with the ids. */
async function fill(store: Store): Promise<{ deliveries: string[]; waiting: string[]; ended: string }> {
  await store.saveSettings({ digest: "digest", text: 'a: "\\u0000 \ufffd ü"', now: at(0) });
  const deliveries = [];
  for (const [index, body] of BODIES.entries()) {
    const input = aDelivery({ senderId: `sender-${index}`, body, tasks: [{ group: "g" }] });
    deliveries.push((await store.storeDelivery(input)).deliveryId);
  }
  const [first] = await claim(store);
  const ended = first?.task.id ?? "";
  const step = { index: 0, phase: "run", name: "a", kind: "run", state: "succeeded" } as const;
  const record = { ...step, exitCode: 0, outputs: { x: "y" }, startedAt: at(1), endedAt: at(2) };
  await store.putStep({ taskId: ended, step: record });
  await store.setProgress({ id: ended, progress: 100 / 3 });
  await store.appendLog(
    Array.from({ length: 1_200 }, (_, index) => ({
      taskId: ended,
      time: at(index),
      stream: "stdout" as const,
      step: 0,
      text: `line ${index} \u{1f600}`,
    })),
  );
  await complete(store, ended);
  await store.count({ name: "signature:missing", source: "app", by: 3 });
  const token = { id: "t", name: "ci", hash: "h", scopes: ["read"], createdAt: at(0), expiresAt: null };
  await store.createToken(token);
  const event = { id: "e", time: at(0), actor: "token:ci", action: "task.start", target: null } as const;
  const how = { way: "api", address: null, result: "done", code: null, details: { a: 1 } } as const;
  await store.recordAudit([{ ...event, ...how }]);
  const { items } = await store.listTasks({ limit: 50, state: "ENQUEUED" });
  return { deliveries, ended, waiting: items.map(({ id }) => id).toReversed() };
}

describe("moving a store", () => {
  it("brings everything over: rows, bodies, the order of what waits", async () => {
    const { before, ids } = await use("sqlite", async (store) => {
      const filled = await fill(store);
      const task = await store.getTask(filled.ended);
      return { ids: filled, before: { task, tokens: await store.listTokens() } };
    });
    const moved = await move();
    expect(moved).toMatchObject({ tasks: 3, lostBodies: 0 });
    const rows = Object.fromEntries(moved.tables.map((table) => [table.name, table.rows]));
    expect(rows).toMatchObject({
      deliveries: 4,
      tasks: 4,
      log: 1_200,
      steps: 1,
      settings: 1,
      tokens: 1,
      audit_events: 1,
    });
    const store = await open("postgres");
    expect(await store.getTask(ids.ended)).toEqual(before.task);
    expect(await store.listTokens()).toEqual(before.tokens);
    const { items } = await store.listAudit({ limit: 9 });
    expect(items).toMatchObject([{ id: "e", actor: "token:ci", details: { a: 1 } }]);
    expect(await store.getSettings("digest")).toBe('a: "\\u0000 \ufffd ü"');
    expect(await store.counters()).toEqual([{ name: "signature:missing", source: "app", value: 3 }]);
    for (const [index, id] of ids.deliveries.entries()) {
      expect((await store.getDeliveryBody(id))?.equals(BODIES[index] ?? Buffer.of(1))).toBe(true);
    }
    expect(await store.listLog({ taskId: ids.ended, after: 0, limit: 2_000 })).toHaveLength(1_200);
    const jobs = await query("select key from graphile_worker.jobs order by run_at, id");
    expect(jobs).toEqual(ids.waiting.map((key) => ({ key })));
    const again = await store.storeDelivery(aDelivery({ senderId: "sender-1" }));
    expect(again).toMatchObject({ duplicate: true, deliveryId: ids.deliveries[1] });
  });

  it("goes on counting where the embedded database was, also above what has been removed", async () => {
    const last = await use("sqlite", async (store) => {
      const { task } = await store.createTask(aTask({ group: "g" }));
      const line = { taskId: task.id, time: at(0), stream: "stdout", step: null, text: "x" } as const;
      await claim(store);
      const seq = await store.appendLog([line, line, line]);
      await complete(store, task.id);
      const input = {
        what: "tasks",
        before: at(9_999),
        upTo: 0,
        after: 0,
        limit: 10,
        dryRun: false,
      } as const;
      expect(await store.prune(input)).toMatchObject({ removed: 1 });
      return seq;
    });
    await move();
    const store = await open("postgres");
    const { task } = await store.createTask(aTask({ group: "other" }));
    const entry = { taskId: task.id, time: at(0), stream: "stdout", step: null, text: "x" } as const;
    expect(await store.appendLog([entry])).toBe(last + 1);
    expect(await query(`select seq::int from tasks`)).toEqual([{ seq: 2 }]);
  });

  it("says which bodies were lost before, and moves the rest", async () => {
    const id = await use("sqlite", async (store) => {
      const { deliveryId } = await store.storeDelivery(aDelivery({ body: Buffer.from("lost") }));
      return deliveryId;
    });
    await rm(`${path}.bodies`, { recursive: true });
    expect(await move()).toMatchObject({ lostBodies: 1 });
    const store = await open("postgres");
    expect(await store.getDelivery(id)).toMatchObject({ id });
    expect(await store.getDeliveryBody(id)).toBeNull();
  });

  it("lets no server work on the old store, nor on the new one before all is there", async () => {
    await use("sqlite", fill);
    const stop = new Error("stop here");
    let steps = 0;
    const interrupted = move(() => {
      steps += 1;
      if (steps === 3) throw stop;
    });
    await expect(interrupted).rejects.toBe(stop);
    await expect(open("sqlite")).rejects.toMatchObject({ code: "store:moving" });
    await expect(open("postgres")).rejects.toMatchObject({ code: "store:moving" });
    expect(await planMove(places())).toMatchObject({ begun: true });
    const elsewhere = { ...places(), toName: "postgres://another/db" };
    await expect(moveStore({ ...elsewhere, onProgress: () => undefined })).rejects.toMatchObject({
      code: "store:moving",
    });
    expect(await move()).toMatchObject({ tasks: 3 });
    await expect(open("sqlite")).rejects.toMatchObject({
      code: "store:moved",
      message: containing("postgres://elsewhere/db"),
    });
    await use("postgres", (store) => store.ping());
    // Once more does no harm, whatever has happened there since.
    expect(await move()).toMatchObject({ tables: [], tasks: 0 });
  });

  it("ends what it had nearly ended: the old store marked, the new one not yet", async () => {
    await use("sqlite", fill);
    await use("postgres", async () => undefined);
    await query(
      `create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$`,
    );
    await query(
      `create trigger refuse before update on moves for each row when (new.state = 'done') execute function refuse()`,
    );
    await query("truncate settings, tokens, nodes");
    await expect(move()).rejects.toMatchObject({ message: containing("not now") });
    await expect(open("sqlite")).rejects.toMatchObject({ code: "store:moved" });
    await expect(open("postgres")).rejects.toMatchObject({ code: "store:moving" });
    await expect(cancelMove(places())).rejects.toMatchObject({ code: "store:moved" });
    await query("drop trigger refuse on moves");
    expect(await move()).toMatchObject({ tasks: 3 });
    expect(await query("select count(*)::int as jobs from graphile_worker.jobs")).toEqual([{ jobs: 3 }]);
    await use("postgres", (store) => store.ping());
  });

  it("may be given up: the old store works again, the new one is empty, and it may begin anew", async () => {
    await use("sqlite", fill);
    await expect(cancelMove(places())).rejects.toMatchObject({ code: "store:not_found" });
    const interrupted = move(({ table }) => {
      if (table === "log") throw new Error("stop here");
    });
    await expect(interrupted).rejects.toThrow("stop here");
    await cancelMove(places());
    expect(await query("select count(*)::int as n from tasks")).toEqual([{ n: 0 }]);
    await use("sqlite", (store) => store.createTask(aTask({ group: "later" })));
    const { tables } = await move();
    expect(tables.find(({ name }) => name === "tasks")).toMatchObject({ rows: 5 });
  });

  it("notices a copy that is not like the original", async () => {
    await use("sqlite", fill);
    const spoilt = move(({ phase }) => {
      if (phase === "comparing") throw new Error("stop here");
    });
    await expect(spoilt).rejects.toThrow("stop here");
    await query("update bodies set bytes = 'x' where id = 2");
    await expect(move()).rejects.toMatchObject({
      code: "store:differs",
      message: containing("copy of deliveries"),
    });
    await expect(open("postgres")).rejects.toMatchObject({ code: "store:moving" });
  });
});

describe("a move is refused", () => {
  it("while a server has the store open", async () => {
    await open("sqlite");
    await expect(move()).rejects.toMatchObject({ code: "store:locked" });
    await expect(planMove(places())).rejects.toMatchObject({ code: "store:locked" });
  });

  it("where there is no store, and makes none", async () => {
    await expect(move()).rejects.toMatchObject({ code: "store:not_found" });
    expect(await query("select to_regclass('hookwright.moves') as made")).toEqual([{ made: null }]);
  });

  it("into a database that holds other data, and changes nothing there", async () => {
    await use("sqlite", fill);
    await use("postgres", (store) => store.count({ name: "n", source: "s", by: 1 }));
    const refused = { code: "store:not_empty", message: containing("counters: 1") };
    await expect(planMove(places())).rejects.toMatchObject(refused);
    await expect(move()).rejects.toMatchObject(refused);
    await use("sqlite", (store) => store.ping());
    await use("postgres", (store) => store.ping());
  });

  it("into a database that another store has been moved to", async () => {
    await use("sqlite", fill);
    await move();
    path = join(dir, "another.db");
    await use("sqlite", fill);
    await expect(move()).rejects.toMatchObject({ code: "store:not_empty" });
  });

  it("when PostgreSQL can't be reached, and the store may be used on", async () => {
    await use("sqlite", fill);
    const nowhere = { ...places(), to: "postgres://postgres@127.0.0.1:1/none", onProgress: () => undefined };
    await expect(moveStore(nowhere)).rejects.toMatchObject({ code: "store:unavailable" });
    await use("sqlite", (store) => store.ping());
  });
});

describe("a plan of a move", () => {
  it("counts, and changes nothing on either side", async () => {
    await use("sqlite", fill);
    const { tables, begun } = await planMove(places());
    expect(begun).toBe(false);
    expect(tables.find(({ name }) => name === "log")).toEqual({ name: "log", rows: 1_200 });
    expect(await query("select to_regclass('hookwright.moves') as made")).toEqual([{ made: null }]);
    await use("sqlite", (store) => store.ping());
  });
});
