import { createHmac } from "node:crypto";
import { SmeeClient } from "smee-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogger } from "../../src/lib/logger.ts";
import { forward, ForwardRefused } from "../../src/relay/forward.ts";
import { startFakeSmee, type FakeSmee } from "../fakes/smee.ts";
import { startReceiver, startTestRelay, type Receiver, type TestRelay } from "../support/relay.ts";
import { until } from "../support/until.ts";

const logger = createLogger({ level: "silent" });
const waits = { first: 5, longest: 20 };
let relay: TestRelay;
let receiver: Receiver;
let smee: FakeSmee | undefined;
let stopped: AbortController;
let running: Promise<void>[] = [];

beforeEach(async () => {
  relay = await startTestRelay();
  receiver = await startReceiver();
  stopped = new AbortController();
  running = [];
});
afterEach(async () => {
  stopped.abort();
  await Promise.all(running);
  await smee?.close();
  smee = undefined;
  await receiver.close();
  await relay.close();
});

function run(
  from = `${relay.url}/closed`,
  token: string | null = relay.token,
  path = "/hooks/app",
): Promise<void> {
  const done = forward({ from, to: receiver.url + path, token, logger, signal: stopped.signal, waits });
  running.push(done);
  return done;
}
const post = (body: string, path = "/closed", headers: Record<string, string> = {}) =>
  fetch(relay.url + path, { method: "POST", body, headers });
const handed = (count: number) =>
  until(() => receiver.handed.length >= count, { what: `${count} deliveries to be handed over` });
const info = (channel = "closed") => relay.store.channels().find(({ id }) => id === channel);
const settled = (count: number) =>
  until(() => (info()?.accepted ?? 0) + (info()?.refused ?? 0) === count, {
    what: `${count} acknowledgements`,
  });

describe("forward", () => {
  it("hands the original bytes, headers and query over, in order, and acknowledges", async () => {
    const body = '{ "a" : "\\u00e9" }';
    const signature = `sha256=${createHmac("sha256", "secret").update(body).digest("hex")}`;
    await post(body, "/closed?x=1", { "content-type": "application/json", "x-hub-signature-256": signature });
    await post("two");
    void run();
    await handed(2);
    expect(receiver.handed[0]).toMatchObject({
      url: "/hooks/app?x=1",
      headers: { "content-type": "application/json", "x-hub-signature-256": signature },
    });
    expect(receiver.handed.map((each) => each.body.toString())).toEqual([body, "two"]);
    await settled(2);
    await post("three");
    await settled(3);
    expect(info()).toMatchObject({ waiting: 0, accepted: 3, refused: 0 });
  });

  it("tries again what the server does not take for the moment, before the next", async () => {
    receiver.answers.push(503, 0, 429, 202);
    await post("one");
    await post("two");
    void run();
    await settled(2);
    expect(receiver.handed.map(({ body }) => body.toString())).toEqual(["one", "one", "one", "one", "two"]);
  });

  it("goes on after what the server refuses for good, and has it on record", async () => {
    receiver.answers.push(401);
    await post("one");
    await post("two");
    void run();
    await settled(2);
    expect(receiver.handed).toHaveLength(2);
    expect(info()).toMatchObject({ waiting: 0, accepted: 1, refused: 1 });
  });

  it("takes what has not been acknowledged when it is started again", async () => {
    receiver.answers.push(...Array.from({ length: 10_000 }, () => 503));
    await post("one");
    void run();
    await handed(1);
    stopped.abort();
    await Promise.all(running);
    expect(info()).toMatchObject({ waiting: 1 });
    receiver.answers.length = 0;
    stopped = new AbortController();
    void run();
    await settled(1);
  });

  it("says what is wrong with the channel, and ends", async () => {
    const refusal = async (from: string, token: string | null) =>
      forward({ from, to: receiver.url, token, logger, signal: stopped.signal, waits }).catch(
        (error: unknown) => error,
      );
    expect(await refusal(`${relay.url}/closed`, "hwr_wrong")).toMatchObject({ unauthorized: true });
    expect(await refusal(`${relay.url}/healthz`, null)).toBeInstanceOf(ForwardRefused);
  });
});

describe("smee.io", () => {
  it("is read as smee-client does: JSON written anew, query and headers kept, the host not", async () => {
    smee = await startFakeSmee();
    void run(smee.url, null, "/hooks/app?own=1");
    await smee.connected(1);
    smee.emit({
      host: "smee.io",
      "content-length": "99",
      "x-github-event": "push",
      "x-hub-signature-256": "sha256=00",
      body: { a: 1 },
      query: { q: "1" },
      timestamp: 1,
    });
    await handed(1);
    expect(receiver.handed[0]).toMatchObject({
      url: "/hooks/app?own=1&q=1",
      headers: { "x-github-event": "push", "content-type": "application/json", "content-length": "7" },
    });
    expect(receiver.handed[0]?.body.toString()).toBe('{"a":1}');
    smee.drop();
    await smee.connected(2);
    smee.emit({ body: { b: 1 }, query: {}, timestamp: 2 });
    await handed(2);
  });

  it("'s own client reads an open channel of ours", async () => {
    const client = new SmeeClient({
      source: `${relay.url}/open`,
      target: `${receiver.url}/hooks/app`,
      logger: { info: () => undefined, error: () => undefined },
    });
    await client.start();
    try {
      await post('{"a":1}', "/open?q=1", { "content-type": "application/json", "x-github-event": "push" });
      await handed(1);
      expect(receiver.handed[0]).toMatchObject({
        url: "/hooks/app?q=1",
        headers: { "x-github-event": "push" },
      });
      expect(receiver.handed[0]?.body.toString()).toBe('{"a":1}');
    } finally {
      await client.stop();
    }
  });
});
