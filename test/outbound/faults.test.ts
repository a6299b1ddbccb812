import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EndpointInput } from "./build.ts";
import { anEndpoint } from "./build.ts";
import { toldBy } from "./told.ts";
import { openMailRoom, WHSEC, type MailRoom } from "./mail-room.ts";
import { startReceiver, status, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

let receiver: Receiver;
let room: MailRoom | null = null;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await room?.close();
  room = null;
  await receiver.close();
});

const ops = (change: EndpointInput = {}) =>
  anEndpoint({ kind: "standard-webhooks", url: receiver.url, secrets: [WHSEC], ...change });

async function open(...endpoints: ReturnType<typeof ops>[]): Promise<MailRoom> {
  room = await openMailRoom({ endpoints });
  return room;
}

/** Failed attempts so far, of the one message there is. */
const failed = (opened: MailRoom, attempts: number) =>
  opened.message((message) => message.attempts === attempts && message.state !== "delivered");

describe("a message that is not taken", () => {
  it("is sent again when the schedule says so: the same id and bytes, signed with a new time", async () => {
    receiver.answer(status(500, {}, "no\n\nroom"));
    const opened = await open(ops());
    await opened.tell(1);
    expect(await failed(opened, 1)).toMatchObject({
      state: "waiting",
      status: 500,
      error: "It answered 500: no room",
      dueAt: new Date(opened.now().getTime() + 5_000).toISOString(),
    });
    opened.pass(4_999);
    opened.senders[0]?.wake();
    opened.pass(1);
    await failed(opened, 2);
    receiver.answer(status(204));
    opened.pass(300_000);
    await opened.message(({ state }) => state === "delivered");
    expect(receiver.requests).toHaveLength(3);
    const [first, second] = receiver.requests;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    const times = receiver.requests.map(({ headers }) => Number(headers["webhook-timestamp"]));
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 5, 305]);
  });

  it.each([
    ["a redirect, which is not followed", status(302, { location: "/elsewhere" }), /redirect \(302\)/],
    ["a reset before the answer", (response) => response.socket?.destroy(), /could not be reached/],
    [
      "a reset within the answer",
      (response) => {
        response.writeHead(200, { "content-length": "100" }).write("x");
        setImmediate(() => response.socket?.destroy());
      },
      /could not be reached/,
    ],
    ["no answer", () => undefined, /did not answer within 200 ms/],
  ] as [string, Parameters<Receiver["answer"]>[0], RegExp][])(
    "is a failure after %s, and arrives later",
    async (_what, answer, error) => {
      receiver.answer(answer);
      const opened = await open(ops({ timeoutMs: 200 }));
      await opened.tell(1);
      expect((await failed(opened, 1)).error).toMatch(error);
      receiver.answer(status(200));
      opened.pass(5_000);
      await opened.message(({ state }) => state === "delivered");
      expect(receiver.requests.map(({ path }) => path)).toEqual(["/webhook", "/webhook"]);
    },
  );

  it("is a failure where nothing listens, and arrives once something does", async () => {
    const { port } = receiver;
    const opened = await open(ops());
    await receiver.close();
    await opened.tell(1);
    expect((await failed(opened, 1)).error).toContain("ECONNREFUSED");
    receiver = await startReceiver({ port });
    opened.pass(5_000);
    await receiver.got(1);
  });

  it("is dead after the last attempt; by hand it is sent anew, under another id", async () => {
    receiver.answer(status(400));
    const opened = await open(ops({ schedule: [0, 1_000] }));
    await opened.tell(2);
    const triedOnce = async () => (await opened.messages()).filter(({ attempts }) => attempts === 1);
    await until(async () => (await triedOnce()).length === 2, { what: "both" });
    opened.pass(1_000);
    const dead = async () => (await opened.store.listMessages({ state: "dead", limit: 10 })).items;
    await until(async () => (await dead()).length === 2, { what: "two dead letters" });
    receiver.answer(status(200));
    const [one] = await dead();
    const now = opened.now().toISOString();
    const again = await opened.store.retryMessage({ id: one?.id ?? "", now });
    expect(again).toMatchObject({ retryOf: one?.id, body: one?.body, attempts: 0 });
    expect(again?.id).not.toBe(one?.id);
    expect(await opened.store.retryDeadMessages({ endpoint: "ops", now })).toBe(1);
    expect(await opened.store.retryDeadMessages({ endpoint: null, now })).toBe(0);
    const requests = await receiver.got(6);
    expect(new Set(requests.map(({ headers }) => headers["webhook-id"])).size).toBe(4);
    // Also one that has been delivered may be sent once more.
    await until(async () => (await opened.store.getMessage(again?.id ?? ""))?.state === "delivered", {
      what: "it",
    });
    expect(await opened.store.retryMessage({ id: again?.id ?? "", now })).not.toBeNull();
    await receiver.got(7);
  });

  it("is delivered by the status, however long the answer is", async () => {
    receiver.answer((response) => {
      response.writeHead(200);
      const more = (): void =>
        void (response.destroyed || response.write("x".repeat(65_536), () => setImmediate(more)));
      more();
    });
    const opened = await open(ops());
    await opened.tell(1);
    expect(await opened.message(({ state }) => state === "delivered")).toMatchObject({
      status: 200,
      attempts: 1,
    });
  });
});

describe("an endpoint", () => {
  it("that answers 410 is sent nothing more; what waits is dead, until somebody enables it", async () => {
    receiver.answer(status(410));
    const opened = await open(ops({ concurrency: 1 }));
    await opened.tell(3);
    await until(async () => (await opened.messages()).filter(({ state }) => state === "dead").length === 3, {
      what: "three dead letters",
    });
    const asked = receiver.requests.length;
    await opened.tell(1);
    await until(async () => (await opened.messages()).length === 4, { what: "the fourth" });
    const { items } = await opened.store.listMessages({ state: "dead", limit: 10 });
    expect(items.map(({ error }) => error)).toEqual(Array(4).fill(expect.stringContaining("410")));
    expect(receiver.requests).toHaveLength(asked);
    receiver.answer(status(200));
    await opened.store.enableEndpoint("ops");
    const now = opened.now().toISOString();
    expect(await opened.store.retryDeadMessages({ endpoint: null, now })).toBe(4);
    await receiver.got(asked + 4);
  });

  it("that asks for a pause is left alone for it, by every message", async () => {
    receiver.answer(status(503, { "retry-after": "60" }));
    const opened = await open(ops());
    await opened.tell(1);
    expect(await failed(opened, 1)).toMatchObject({
      dueAt: new Date(opened.now().getTime() + 60_000).toISOString(),
    });
    receiver.answer(status(200));
    await opened.tell(3);
    opened.pass(59_999);
    await until(async () => (await opened.messages()).length === 4, { what: "four messages" });
    expect(receiver.requests).toHaveLength(1);
    opened.pass(1);
    await receiver.got(5);
  });

  it("that is dead holds no other up, and is tried by one message at a time", async () => {
    const dead = await startReceiver();
    dead.answer(() => undefined);
    const opened = await open(
      ops({ name: "dead", url: dead.url, timeoutMs: 300, concurrency: 2 }),
      ops({ name: "live" }),
    );
    await opened.tell(40);
    await receiver.got(40);
    const broken = async () => (await opened.store.endpointRecords()).find(({ name }) => name === "dead");
    await until(async () => ((await broken())?.openings ?? 0) === 1, { what: "the breaker to open" });
    await until(async () => (await broken())?.failures === dead.requests.length, { what: "attempts to end" });
    const before = dead.requests.length;
    opened.pass(5_000);
    await until(async () => ((await broken())?.openings ?? 0) === 2, { what: "it to open again" });
    expect(dead.requests.length).toBe(before + 1);
    dead.answer(status(200));
    opened.pass(300_000);
    await until(async () => (await opened.messages()).every(({ state }) => state === "delivered"), {
      what: "all",
    });
    await dead.close();
  });

  it("gets its messages in their order where it wants them so, whatever has to be sent again", async () => {
    let count = 0;
    receiver.answer((response) => {
      count += 1;
      response.writeHead(count % 3 === 1 ? 500 : 200).end();
    });
    const opened = await open(ops({ ordered: true, schedule: [0, 1_000, 1_000, 1_000] }));
    const ids = await opened.tell(6);
    await until(
      async () => {
        opened.pass(1_000);
        return (await opened.messages()).filter(({ state }) => state === "delivered").length === 6;
      },
      { what: "six deliveries" },
    );
    const taken = receiver.requests.filter((_, index) => (index + 1) % 3 !== 1);
    const tasks = taken.map((request) => toldBy(request).data.task.id);
    expect(tasks).toEqual(ids);
  });
});

it("two servers send each message once between them", async () => {
  room = await openMailRoom({ endpoints: [ops()], senders: 2 });
  const ids = await room.tell(60);
  const opened = room;
  await until(
    async () => (await opened.messages()).filter(({ state }) => state === "delivered").length === 60,
    { what: "all" },
  );
  const told = receiver.requests.map((request) => toldBy(request).data.task.id);
  expect(told.toSorted()).toEqual(ids.toSorted());
});
