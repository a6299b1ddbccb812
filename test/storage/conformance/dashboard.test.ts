import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../../src/storage/store.ts";
import { aDelivery, aTask, at, claim, complete, openTestStore, type OpenStore } from "../../support/store.ts";

let opened: OpenStore;
let store: Store;
beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});
afterEach(() => opened.close());

const addToken = (id: string) =>
  store.createToken({
    id,
    name: id,
    hash: `hash-${id}`,
    scopes: ["read"],
    createdAt: at(0),
    expiresAt: null,
  });

describe("sessions", () => {
  it("lead to their token until they expire or are ended", async () => {
    await addToken("t");
    await store.createSession({ hash: "s", tokenId: "t", createdAt: at(0), expiresAt: at(10) });
    expect(await store.findSession({ hash: "s", now: at(9) })).toMatchObject({ id: "t", scopes: ["read"] });
    expect(await store.findSession({ hash: "s", now: at(10) })).toBeNull();
    expect(await store.findSession({ hash: "other", now: at(1) })).toBeNull();
    await store.endSession("s");
    expect(await store.findSession({ hash: "s", now: at(1) })).toBeNull();
  });

  it("show that their token was revoked", async () => {
    await addToken("t");
    await store.createSession({ hash: "s", tokenId: "t", createdAt: at(0), expiresAt: at(10) });
    await store.revokeToken({ ref: "t", now: at(1) });
    expect(await store.findSession({ hash: "s", now: at(2) })).toMatchObject({ revokedAt: at(1) });
  });

  it("that have expired go when the next one comes", async () => {
    await addToken("t");
    await store.createSession({ hash: "old", tokenId: "t", createdAt: at(0), expiresAt: at(10) });
    await store.createSession({ hash: "new", tokenId: "t", createdAt: at(20), expiresAt: at(30) });
    // By a clock that is behind it would still be seen, were it there.
    expect(await store.findSession({ hash: "old", now: at(1) })).toBeNull();
    expect(await store.findSession({ hash: "new", now: at(21) })).not.toBeNull();
  });
});

describe("sessions of users", () => {
  const user = { name: "ann", passwordHash: "hash", scopes: ["read"], createdAt: at(0) };
  const open = (hash: string) =>
    store.createSession({ hash, tokenId: null, user: "ann", createdAt: at(0), expiresAt: at(10) });
  const find = (hash: string, second = 1) => store.findUserSession({ hash, now: at(second) });

  it("lead to their user until they expire or are ended, and to no token", async () => {
    await store.createUser(user);
    await open("s");
    expect(await find("s")).toEqual({ ...user, disabledAt: null });
    expect(await store.findSession({ hash: "s", now: at(1) })).toBeNull();
    expect(await find("s", 10)).toBeNull();
    await store.endSession("s");
    expect(await find("s")).toBeNull();
  });

  it("end for good with another password, and when the user is shut out", async () => {
    await store.createUser(user);
    await open("one");
    await store.changeUser({ name: "ann", scopes: ["admin"] });
    expect(await find("one")).toMatchObject({ scopes: ["admin"] });
    await store.changeUser({ name: "ann", passwordHash: "other" });
    expect(await find("one")).toBeNull();
    await open("two");
    await store.changeUser({ name: "ann", disabledAt: at(1) });
    await store.changeUser({ name: "ann", disabledAt: null });
    expect(await find("two")).toBeNull();
  });
});

describe("searching tasks", () => {
  const search = async (text: string, more = {}) =>
    (await store.listTasks({ search: text, limit: 50, ...more })).items.map(({ action }) => action);

  it("looks at id, action, params and reason, whatever the case, and takes no sign for another", async () => {
    const deploy = aTask({ action: "deploy", params: { sha: "abc123", note: "100%_sure" } });
    for (const task of [aTask({ action: "build" }), deploy, aTask({ action: "Deploy-two" })]) {
      await store.createTask(task);
    }
    const stop = { type: "stop", outcome: "cancelled" } as const;
    await store.transition({ id: deploy.id, signal: stop, reason: "Because of rain", now: at(1) });
    expect(await search("DEPLOY")).toEqual(["Deploy-two", "deploy"]);
    expect(await search("bc12")).toEqual(["deploy"]);
    expect(await search("of Rain")).toEqual(["deploy"]);
    expect(await search(deploy.id.slice(3))).toEqual(["deploy"]);
    expect(await search("0%_s")).toEqual(["deploy"]);
    expect(await search("0%s")).toEqual([]);
    expect(await search("\\")).toEqual([]);
    expect(await search("deploy", { state: "ENQUEUED" })).toEqual(["Deploy-two"]);
  });

  it("has pages", async () => {
    for (const action of ["say-one", "b", "say-two", "b", "say-three"])
      await store.createTask(aTask({ action }));
    const first = await store.listTasks({ search: "say-", limit: 2 });
    expect(first.items.map(({ action }) => action)).toEqual(["say-three", "say-two"]);
    const second = await store.listTasks({ search: "say-", limit: 2, cursor: first.next ?? "" });
    expect(second.items.map(({ action }) => action)).toEqual(["say-one"]);
    expect(second.next).toBeNull();
  });
});

describe("lists of tasks by state", () => {
  it("have those that wait, run and have ended", async () => {
    const [first, second, third] = [aTask({ group: "a" }), aTask({ group: "b" }), aTask({ group: "a" })];
    for (const task of [first, second, third]) await store.createTask(task);
    await claim(store);
    await complete(store, second.id);
    const ids = async (state: "ENQUEUED" | "RUNNING" | "COMPLETED" | "CANCELLING") =>
      (await store.listTasks({ state, limit: 9 })).items.map(({ id }) => id);
    expect(await ids("ENQUEUED")).toEqual([third.id]);
    expect(await ids("RUNNING")).toEqual([first.id]);
    expect(await ids("COMPLETED")).toEqual([second.id]);
    expect(await ids("CANCELLING")).toEqual([]);
  });
});

describe("the last task of an action", () => {
  it("is its newest that is no part, with the settings it was accepted under", async () => {
    expect(await store.lastTaskOf("deploy")).toBeNull();
    const [first, second, part] = [
      aTask({ settingsDigest: "one" }),
      aTask({ settingsDigest: "two" }),
      aTask({ group: "p" }),
    ];
    for (const task of [first, second, aTask({ action: "other" })]) await store.createTask(task);
    await store.createTask({ ...part, parentId: second.id });
    expect(await store.lastTaskOf("deploy")).toEqual({ id: second.id, settingsDigest: "two" });
  });
});

describe("statistics", () => {
  it("count ended tasks by hour and outcome, without parts, and know how long they took", async () => {
    const [done, failed, part, open] = [
      aTask(),
      aTask({ group: "b" }),
      aTask({ group: "c" }),
      aTask({ group: "d" }),
    ];
    for (const task of [done, failed, open]) await store.createTask(task);
    await store.createTask({ ...part, parentId: done.id });
    await claim(store);
    await complete(store, done.id);
    await complete(store, part.id);
    const stop = { type: "stop", outcome: "failed" } as const;
    await store.transition({ id: failed.id, signal: stop, reason: null, now: at(3_700) });
    expect(await store.taskStats({ since: at(0) })).toEqual({
      hours: [
        { hour: "2026-01-01T00", outcome: "succeeded", tasks: 1 },
        { hour: "2026-01-01T01", outcome: "failed", tasks: 1 },
      ],
      succeeded: [{ createdAt: at(0), startedAt: at(1), endedAt: at(9) }],
    });
    const later = await store.taskStats({ since: at(10) });
    expect(later).toMatchObject({ hours: [{ outcome: "failed" }], succeeded: [] });
  });

  it("count what each source sent", async () => {
    const sent = [
      ["a", "accepted", 1],
      ["a", "rejected", 2],
      ["a", "accepted", 5],
      ["b", "rejected", 3],
    ] as const;
    for (const [source, verdict, second] of sent) {
      await store.storeDelivery(aDelivery({ source, verdict, receivedAt: at(second) }));
    }
    const stats = await store.sourceStats();
    expect(stats.toSorted((x, y) => (x.source < y.source ? -1 : 1))).toEqual([
      { source: "a", accepted: 2, rejected: 1, lastAt: at(5) },
      { source: "b", accepted: 0, rejected: 1, lastAt: at(3) },
    ]);
  });
});
