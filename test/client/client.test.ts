import { createServer, type Server } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ApiError, ConnectionError, createClient } from "../../src/client/client.ts";
import { startCuttingProxy, type CuttingProxy } from "../support/cutting-proxy.ts";
import { collect } from "../support/event-stream.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const SETTINGS = `
work: { concurrency: 4 }
actions:
  count:
    workdir: .
    concurrency: { policy: parallel }
    steps: [{ shell: 'for n in $(seq 100); do echo "line $n"; sleep 0.01; done' }]
  wait:
    workdir: .
    concurrency: { policy: parallel }
    steps: [{ run: [sleep, "600"] }]
`;

let server: TestServer;
let proxy: CuttingProxy;
beforeAll(async () => {
  server = await startTestServer({ settings: SETTINGS });
  proxy = await startCuttingProxy(server.url);
});
afterAll(async () => {
  await proxy.close();
  await server.close();
});
afterEach(() => proxy.cutAfter(null));

const through = () => createClient({ url: proxy.url, token: server.token });

describe("following a task", () => {
  it.each([2_000, 3_000, 7_777])(
    "through a proxy that cuts each connection after %i bytes, sees each log entry once",
    async (bytes) => {
      const { id } = await server.client.startTask({ action: "count" });
      const before = proxy.connections;
      proxy.cutAfter(bytes);
      const seqs: number[] = [];
      let last = "";
      for await (const event of through().followTask(id, { reconnectMs: 5 })) {
        if (event.type === "log") seqs.push(event.entry.seq);
        else last = event.task.state;
      }
      expect(proxy.connections - before).toBeGreaterThan(2);
      expect(last).toBe("COMPLETED");
      const { items } = await server.client.listLog(id, { limit: 1_000 });
      expect(seqs).toEqual(items.map(({ seq }) => seq));
    },
  );

  it("begins where it is told to", async () => {
    const { id } = await server.client.startTask({ action: "count" });
    await server.ended(id);
    const all = (await server.client.listLog(id, { limit: 1_000 })).items.map(({ seq }) => seq);
    const seen: number[] = [];
    for await (const event of server.client.followTask(id, { after: all[40] ?? 0 })) {
      if (event.type === "log") seen.push(event.entry.seq);
    }
    expect(seen).toEqual(all.slice(41));
  });

  it("stops when it is told to", async () => {
    const { id } = await server.client.startTask({ action: "wait" });
    const stop = new AbortController();
    const events = server.client.followTask(id, { signal: stop.signal });
    await events.next();
    stop.abort();
    await expect(collect(events)).rejects.toThrow("aborted");
    await server.client.cancelTask(id);
  });

  it("gives up when the server stays away", async () => {
    const nobody = createClient({ url: "http://127.0.0.1:1", token: "x" });
    const events = nobody.followTask("x", { reconnectMs: 1 });
    await expect(events.next()).rejects.toBeInstanceOf(ConnectionError);
  });

  it("does not try again what trying can't help", async () => {
    const before = proxy.connections;
    const events = through().followTask("none", { reconnectMs: 1 });
    await expect(events.next()).rejects.toMatchObject({ code: "task:not_found", status: 404 });
    expect(proxy.connections - before).toBeLessThanOrEqual(1);
  });
});

describe("what goes wrong", () => {
  it("is an ApiError with the stable code, the sentence and the problem", async () => {
    const error = await server.client.startTask({ action: "nope" }).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 404,
      code: "action:not_found",
      message: "There is no action nope",
      problem: { title: "No such action" },
    });
  });

  it("is a ConnectionError where nobody answers", async () => {
    const nobody = createClient({ url: "http://127.0.0.1:1", token: "x" });
    await expect(nobody.listTasks()).rejects.toThrow("No Hookwright answers at http://127.0.0.1:1");
  });
});

describe("an answer that is not Hookwright's", () => {
  let other: Server;
  let url = "";
  beforeAll(async () => {
    other = createServer((_request, response) => response.writeHead(502).end("<h1>Bad Gateway</h1>"));
    await new Promise<void>((resolve) => {
      other.listen(0, "127.0.0.1", resolve);
    });
    const address = other.address();
    url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  });
  afterAll(() => {
    other.close();
    other.closeAllConnections();
  });

  it("is shown as it came", async () => {
    await expect(createClient({ url, token: "x" }).listTasks()).rejects.toThrow(
      "answered 502: <h1>Bad Gateway</h1>",
    );
  });
});

describe("addresses", () => {
  it("may end with slashes, and ids can't leave their place in the path", async () => {
    const client = createClient({ url: `${server.url}//`, token: server.token });
    expect((await client.listActions()).items).toHaveLength(2);
    await expect(client.getTask("../tokens")).rejects.toMatchObject({ code: "task:not_found" });
    await expect(client.getDelivery("a/b?c#d")).rejects.toMatchObject({ code: "delivery:not_found" });
  });
});
