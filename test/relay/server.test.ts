import { z } from "zod";
import { afterEach, describe, expect, it } from "vitest";
import { EXACT, FORMAT_HEADER } from "../../src/relay/delivery.ts";
import { readExact } from "../../src/relay/formats.ts";
import {
  openStream,
  startTestRelay,
  type OpenStream,
  type TestRelay,
  type TestRelayOptions,
} from "../support/relay.ts";
import { until } from "../support/until.ts";

let relay: TestRelay;
const streams: OpenStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await relay.close();
});

async function start(options: TestRelayOptions = {}): Promise<void> {
  relay = await startTestRelay(options);
}
const post = (body: string | Uint8Array, path = "/closed", headers: Record<string, string> = {}) =>
  fetch(relay.url + path, { method: "POST", body: new Uint8Array(Buffer.from(body)), headers });
async function read(headers: Record<string, string> = {}, channel = "closed"): Promise<OpenStream> {
  const authorization = `Bearer ${relay.token}`;
  const stream = await openStream(`${relay.url}/${channel}`, {
    authorization,
    [FORMAT_HEADER]: EXACT,
    ...headers,
  });
  streams.push(stream);
  return stream;
}
const acknowledge = (seq: number, status = 202, token = relay.token) =>
  fetch(`${relay.url}/closed/ack`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ seq, status }),
  });
const readers = async (): Promise<number> => {
  const response = await fetch(`${relay.url}/healthz`);
  return z.object({ readers: z.number() }).parse(await response.json()).readers;
};
const info = () => relay.store.channels().find(({ id }) => id === "closed");

describe("a webhook to a channel", () => {
  it("is kept with its exact bytes, its query and the headers that prove it, until it is acknowledged", async () => {
    await start();
    const body = Buffer.from([0, 255, 10, 13, 123]);
    const headers = {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-hub-signature-256": "sha256=00",
      cookie: "session=1",
      "x-forwarded-for": "192.0.2.1",
    };
    expect((await post(body, "/closed?a=1&a=2", headers)).status).toBe(202);
    const stream = await read();
    expect(await stream.next()).toMatchObject({ event: "ready" });
    const event = await stream.next();
    expect(event).toMatchObject({ event: "delivery", id: "1" });
    const delivery = readExact(event?.data ?? "");
    expect(delivery.body).toEqual(body);
    expect(delivery).toMatchObject({
      query: "a=1&a=2",
      headers: {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-hub-signature-256": "sha256=00",
      },
    });
    expect(Object.keys(delivery.headers)).not.toEqual(expect.arrayContaining(["cookie"]));
    expect(Object.keys(delivery.headers)).not.toEqual(expect.arrayContaining(["x-forwarded-for"]));
    expect(info()).toMatchObject({ waiting: 1, waitingBytes: 5 });
    expect((await acknowledge(1)).status).toBe(204);
    expect((await acknowledge(1, 400)).status).toBe(204);
    expect(info()).toMatchObject({ waiting: 0, waitingBytes: 0, accepted: 1, refused: 0 });
  });

  it("keeps further headers where the relay is told to", async () => {
    await start({ keepHeaders: ["x-token"] });
    await post("{}", "/closed", { "x-token": "t" });
    expect(relay.store.next("closed", 0)?.headers).toMatchObject({ "x-token": "t" });
  });

  it("comes again to a reader that has not acknowledged it, from where that says it is", async () => {
    await start();
    for (const body of ["one", "two", "three"]) await post(body);
    const first = await read();
    await first.next();
    expect(await first.next()).toMatchObject({ id: "1" });
    first.close();
    const second = await read({ "last-event-id": "1" });
    await second.next();
    expect(await second.next()).toMatchObject({ id: "2" });
    second.close();
    const third = await read();
    await third.next();
    for (const id of ["1", "2", "3"]) expect(await third.next()).toMatchObject({ id });
    await post("four");
    expect(await third.next()).toMatchObject({ id: "4" });
    third.close();
    const stranger = await read({ "last-event-id": "99" });
    await stranger.next();
    expect(await stranger.next()).toMatchObject({ id: "1" });
  });

  it("waits behind so many that the reader has not acknowledged", async () => {
    await start({ limits: { window: 2 } });
    for (let n = 0; n < 4; n += 1) await post(`${n}`);
    const stream = await read();
    await stream.next();
    expect(await stream.next()).toMatchObject({ id: "1" });
    expect(await stream.next()).toMatchObject({ id: "2" });
    const next = stream.next();
    await acknowledge(1);
    expect(await next).toMatchObject({ id: "3" });
    expect(info()).toMatchObject({ waiting: 3 });
  });

  it("is refused without being kept: no channel, too large, no more room, a method that is none", async () => {
    await start({ maxBodyBytes: 1_000, maxWaitingBytes: 1_500 });
    expect(await (await post("x", "/none")).json()).toMatchObject({ code: "channel:not_found" });
    expect((await post("x".repeat(1_001))).status).toBe(413);
    expect((await post("x".repeat(1_000))).status).toBe(202);
    const full = await post("x".repeat(600));
    expect({ status: full.status, after: full.headers.get("retry-after") }).toEqual({
      status: 503,
      after: "60",
    });
    expect(await full.json()).toMatchObject({ code: "channel:full" });
    expect((await post("x".repeat(600), "/open")).status).toBe(202);
    expect((await fetch(`${relay.url}/closed`, { method: "PUT" })).status).toBe(404);
    expect(info()).toMatchObject({ waiting: 1 });
  });

  it("is kept through a restart", async () => {
    await start();
    await post("kept");
    await relay.restart();
    const stream = await read();
    await stream.next();
    expect(readExact((await stream.next())?.data ?? "").body.toString()).toBe("kept");
  });
});

describe("a reader", () => {
  it("needs the channel's token; a wrong one and a channel that is none look alike", async () => {
    await start();
    const status = async (path: string, headers: Record<string, string>) => {
      const stream = await openStream(relay.url + path, headers);
      streams.push(stream);
      return stream.status;
    };
    expect(await status("/closed", {})).toBe(401);
    expect(await status("/closed", { authorization: "Bearer hwr_wrong" })).toBe(401);
    expect(await status("/none", { authorization: `Bearer ${relay.token}` })).toBe(401);
    expect(await status("/closed", { authorization: `Bearer ${relay.token}` })).toBe(200);
    expect(await status("/open", {})).toBe(200);
    expect((await acknowledge(1, 202, "hwr_wrong")).status).toBe(401);
  });

  it("is one: a newer one takes its place, and it is told so", async () => {
    await start();
    const first = await read();
    await first.next();
    const second = await read();
    await second.next();
    expect(await first.next()).toMatchObject({ event: "replaced" });
    expect(await first.next()).toBeNull();
    await post("x");
    expect(await second.next()).toMatchObject({ event: "delivery" });
  });

  it("that takes nothing is let go, and loses nothing", async () => {
    await start({ maxWaitingBytes: 50_000_000, maxBodyBytes: 8_000_000, limits: { slowReaderMs: 50 } });
    for (let n = 0; n < 3; n += 1) await post(Buffer.alloc(8_000_000, 65));
    const response = await fetch(`${relay.url}/closed`, {
      headers: {
        accept: "text/event-stream",
        authorization: `Bearer ${relay.token}`,
        [FORMAT_HEADER]: EXACT,
      },
    });
    await until(async () => (await readers()) === 0, { what: "the slow reader to be let go" });
    await expect(response.text()).rejects.toThrow(/terminated|aborted|closed/);
    expect(info()).toMatchObject({ waiting: 3 });
  });

  it("of another format gets what smee.io sends, and nothing twice", async () => {
    await start();
    const headers = { "content-type": "application/json", "x-github-event": "push" };
    await post('{"a": [1]}', "/open?b=c", headers);
    const stream = await openStream(`${relay.url}/open`);
    streams.push(stream);
    expect(await stream.next()).toMatchObject({ event: "ready", data: "{}" });
    const event = await stream.next();
    expect(event?.event).toBe("message");
    const data = z.looseObject({ timestamp: z.number() }).parse(JSON.parse(event?.data ?? ""));
    expect(data).toMatchObject({ body: { a: [1] }, query: { b: "c" }, "x-github-event": "push" });
    await until(() => relay.store.next("open", 0) === null, { what: "the delivery to be settled" });
  });
});
