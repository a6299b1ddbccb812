import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { startReceiver, status, type Receiver } from "../../support/receiver.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

let receiver: Receiver;
let server: TestServer;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startTestServer({
    settings: `
outbound: { allow: [127.0.0.0/8] }
actions:
  ok: { steps: [{ run: ["true"] }], notify: [ops] }
  quiet: { steps: [{ run: [echo, "two words"] }], notify: [] }
notify:
  ops: { kind: jobserv, url: "${receiver.url}", secret: a-secret, retry_schedule: [0s], events: [task.completed] }
  chat: { kind: slack, url: "https://hooks.slack.com/services/T0/B0/xyz" }
  inside: { kind: ntfy, url: "http://10.1.2.3/topic", secret: tk_x }
`,
  });
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});
beforeEach(() => receiver.answer(status(200, {}, "OK\n")));

const dead = async () => (await server.client.listMessages({ state: "dead" })).items;

describe("endpoints", () => {
  it("are listed without what is secret", async () => {
    const { items } = await server.client.listEndpoints();
    expect(items.map(({ name, kind, url, state }) => [name, kind, url, state])).toEqual([
      ["ops", "jobserv", receiver.url, "active"],
      ["chat", "slack", "https://hooks.slack.com/…", "active"],
      ["inside", "ntfy", "http://10.1.2.3/topic", "active"],
    ]);
  });

  it("are tested at once, with request and answer shown", async () => {
    const attempt = await server.client.testEndpoint("ops");
    expect(attempt).toMatchObject({ delivered: true, error: null, answer: { status: 200, body: "OK\n" } });
    const seen = receiver.requests.at(-1);
    expect(seen?.body).toBe(attempt.request.body);
    expect(attempt.request.headers).toMatchObject({ "x-jobserv-sig": seen?.headers["x-jobserv-sig"] });
    expect(JSON.parse(attempt.request.body)).toMatchObject({ build_id: 0, status: "PASSED", runs: [] });
    receiver.answer(status(400, {}, "Invalid HMAC Sig"));
    expect(await server.client.testEndpoint("ops")).toMatchObject({
      delivered: false,
      error: "It answered 400: Invalid HMAC Sig",
      answer: { status: 400 },
    });
  });

  it("are not reached where the address is not public; the error says why, and no token is shown", async () => {
    expect(await server.client.testEndpoint("inside")).toMatchObject({
      delivered: false,
      error: "10.1.2.3 is not called: the address is private, not public, and not allowed by the settings",
      answer: null,
      request: { headers: { authorization: "***" } },
    });
  });

  it("are only those of the settings", async () => {
    for (const path of ["/endpoints/none/test", "/endpoints/none/enable", "/endpoints/__proto__/test"]) {
      const response = await server.api(path, { method: "POST" });
      expect([response.status, await response.json()]).toEqual([
        404,
        expect.objectContaining({ code: "endpoint:not_found" }),
      ]);
    }
  });

  it("need a token that may deploy to be tested, and none of the routes is open", async () => {
    for (const [method, path] of [
      ["GET", "/endpoints"],
      ["POST", "/endpoints/ops/test"],
      ["GET", "/messages"],
      ["POST", "/messages/retry"],
    ]) {
      expect((await server.api(path ?? "", { method: method ?? "", token: null })).status).toBe(401);
    }
    const { token } = await server.client.createToken({ name: "reader", scopes: ["read"] });
    expect((await server.api("/endpoints", { token })).status).toBe(200);
    expect((await server.api("/endpoints/ops/test", { method: "POST", token })).status).toBe(403);
  });
});

describe("messages", () => {
  it("that were given up are listed, and sent anew one by one or all", async () => {
    receiver.answer(status(500));
    await server.client.startTask({ action: "ok" });
    await server.client.startTask({ action: "ok" });
    await until(async () => (await dead()).length === 2, { what: "two dead letters" });
    const [first] = await dead();
    receiver.answer(status(200));
    const again = await server.client.retryMessage(first?.id ?? "");
    expect(again).toMatchObject({ endpoint: "ops", retry_of: first?.id, body: first?.body });
    expect(await server.client.retryMessages("ops")).toEqual({ retried: 1 });
    expect(await server.client.retryMessages(null)).toEqual({ retried: 0 });
    const delivered = async () =>
      (await server.client.listMessages({ state: "delivered", endpoint: "ops" })).items;
    await until(async () => (await delivered()).length === 2, { what: "both to be delivered" });
    await expect(server.client.retryMessage("none")).rejects.toMatchObject({
      status: 404,
      code: "message:not_found",
    });
  });
});

const runSchema = z.object({ url: z.string(), web_url: z.string(), log_url: z.string(), tests: z.string() });
const buildSchema = z.object({ url: z.string(), web_url: z.string(), runs: z.array(runSchema) });

describe("the URLs of a jobserv message", () => {
  it("lead to the task, its steps and their output, for who may read", async () => {
    const before = receiver.requests.length;
    const { id } = await server.client.startTask({ action: "ok" });
    await receiver.got(before + 1);
    const body = buildSchema.parse(JSON.parse(receiver.requests.at(-1)?.body ?? ""));
    const [run] = body.runs;
    const read = async (url = "") => {
      const open = await fetch(url);
      const response = await fetch(url, { headers: { authorization: `Bearer ${server.token}` } });
      return [open.status, response.status, await response.text()] as const;
    };
    const data = async (url?: string): Promise<unknown> => {
      const [open, status_, text] = await read(url);
      expect([open, status_]).toEqual([401, 200]);
      return JSON.parse(text);
    };
    expect(await data(body.url)).toMatchObject({
      status: "success",
      data: { build: { id, status: "PASSED", url: body.url } },
    });
    expect(await data(`${body.url}runs/`)).toMatchObject({ data: { runs: [{ name: "true" }] } });
    expect(await data(run?.url)).toMatchObject({ data: { run: { name: "true", status: "PASSED" } } });
    expect(await data(run?.tests)).toEqual({
      status: "success",
      data: { tests: [{ name: "true", status: "PASSED", context: "exit code 0" }] },
    });
    expect((await read(run?.log_url)).slice(0, 2)).toEqual([401, 200]);
    // For people: open, because it says nothing.
    for (const page of [body.web_url, run?.web_url]) {
      expect(await read(page)).toEqual([200, 200, expect.stringContaining("Task ")]);
    }
    expect((await server.client.getTask(id)).number).toBeGreaterThan(0);
  });

  it("show a step's own lines, and nothing that there is not", async () => {
    const { id } = await server.client.startTask({ action: "quiet" });
    const { number } = await server.ended(id);
    const get = (path: string) =>
      server.fetch(`/jobserv/projects/${path}`, { headers: { authorization: `Bearer ${server.token}` } });
    const step = encodeURIComponent("echo two words");
    const steps = (await server.client.getTask(id)).steps.map(({ name }) => name);
    const log = await get(`quiet/builds/${number}/runs/${encodeURIComponent(steps[0] ?? step)}/console.log`);
    expect([log.status, await log.text()]).toEqual([200, expect.stringContaining("two words\n")]);
    for (const path of [
      `ok/builds/${number}/`,
      "quiet/builds/999999/",
      `quiet/builds/${number}/runs/none/`,
    ]) {
      expect((await get(path)).status).toBe(404);
    }
    expect((await get("quiet/builds/x/")).status).toBe(400);
  });
});
