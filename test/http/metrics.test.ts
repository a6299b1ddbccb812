import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseExposition, type Scrape } from "../support/exposition.ts";
import { type Receiver, startReceiver, status } from "../support/receiver.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const SECRET = "a-long-enough-secret";
const settingsFor = (receiver: string, metrics: string): string => `
metrics: ${metrics}
outbound: { allow: [127.0.0.1] }
sources: { app: { kind: github, secret: "${SECRET}" }, other: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    notify: [ops]
    on: [{ source: app, event: push, branch: [main] }]
    steps: [{ run: ["true"] }]
  broken:
    workdir: .
    steps: [{ run: ["false"] }]
  careful: { approve: true, workdir: ., steps: [{ run: ["true"] }] }
notify: { ops: { kind: generic, url: "${receiver}", secret: "${SECRET}" } }
`;

let receiver: Receiver;
let server: TestServer;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startTestServer({ settings: settingsFor(receiver.url, "{ enabled: true }"), file: true });
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

async function scrape(): Promise<Scrape> {
  const response = await server.fetch("/metrics", { headers: { authorization: `Bearer ${server.token}` } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return parseExposition(await response.text());
}

describe("the metrics", () => {
  it("count deliveries by source and by what became of them", async () => {
    const other = { secret: SECRET, path: "/hooks/other" };
    await server.push({ secret: SECRET, id: "one" });
    await server.push({ secret: SECRET, id: "one" });
    await server.push({ secret: "another-secret-long-enough" });
    await server.push({ ...other, body: "[" });
    const found = await scrape();
    const counted = found
      .find("hookwright_deliveries_total")
      .map(({ labels, value }) => `${labels["source"]} ${labels["verdict"]} ${value}`);
    expect(new Set(counted)).toEqual(
      new Set(["app accepted 1", "app duplicate 1", "app refused 1", "other rejected 1"]),
    );
    expect(counted).toHaveLength(4);
    expect(found.value("hookwright_delivery_duration_seconds_count")).toBe(4);
    const answers = found.find("hookwright_http_requests_total", { route: "webhook", method: "POST" });
    expect(Object.fromEntries(answers.map(({ labels, value }) => [labels["status"], value]))).toEqual({
      202: 2,
      400: 1,
      401: 1,
    });
  });

  it("time tasks by action and outcome, and know what is left to do", async () => {
    await server.ended((await server.client.startTask({ action: "broken" })).id);
    const { id } = await server.client.startTask({ action: "careful" });
    const found = await until(
      async () => {
        const tried = await scrape();
        return tried.value("hookwright_tasks", { state: "held" }) === 1 && tried;
      },
      { what: "the next picture of the queue" },
    );
    expect(found.value("hookwright_tasks", { state: "waiting" })).toBe(0);
    expect(found.value("hookwright_queue_oldest_seconds")).toBe(0);
    const failed = { action: "broken", outcome: "failed" };
    expect(found.value("hookwright_task_duration_seconds_count", failed)).toBe(1);
    const done = { action: "deploy", outcome: "succeeded" };
    expect(found.value("hookwright_task_duration_seconds_count", done)).toBe(1);
    await server.client.cancelTask(id);
  });

  it("count attempts at telling endpoints", async () => {
    await receiver.got(1);
    receiver.answer(status(500));
    await server.push({ secret: SECRET, sha: "2".repeat(40) });
    const result = (found: Scrape, name: string) =>
      found.find("hookwright_outbound_attempts_total", { endpoint: "ops", result: name })[0]?.value ?? 0;
    const found = await until(
      async () => {
        const tried = await scrape();
        return result(tried, "refused") > 0 && tried;
      },
      { what: "a refused message" },
    );
    expect(result(found, "delivered")).toBeGreaterThan(0);
    receiver.answer(status(200));
  });

  it("tell of the process, the store and the build", async () => {
    const found = await scrape();
    for (const operation of ["deliver", "read", "write"]) {
      expect(found.value("hookwright_store_duration_seconds_count", { operation })).toBeGreaterThan(0);
    }
    expect(found.value("hookwright_store_up")).toBe(1);
    expect(found.value("process_resident_memory_bytes")).toBeGreaterThan(1e7);
    expect(found.value("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(found.value("hookwright_build_info", { node: process.version })).toBe(1);
    expect(found.value("hookwright_event_loop_lag_seconds", { quantile: "0.99" })).toBeGreaterThanOrEqual(0);
    expect(found.types.get("hookwright_deliveries_total")).toBe("counter");
  });

  it("make no series of what strangers choose", async () => {
    const before = (await scrape()).series.length;
    for (let i = 0; i < 50; i += 1) {
      // oxlint-disable-next-line no-await-in-loop -- as one client sends
      await server.fetch(`/nothing/${i}`, { method: i % 2 === 0 ? "GET" : "POST" });
    }
    expect((await scrape()).series.length - before).toBeLessThanOrEqual(2);
  });
});

async function reloadWith(metrics: string): Promise<void> {
  await writeFile(join(server.dir, "hookwright.yaml"), settingsFor(receiver.url, metrics));
  expect((await server.api("/settings/reload", { method: "POST" })).status).toBe(204);
}

describe("who may read them", () => {
  const read = (headers: Record<string, string> = {}) => server.fetch("/metrics", { headers });

  it("whoever has a token with the scope read", async () => {
    const { token } = await server.client.createToken({ name: "prometheus", scopes: ["read"] });
    expect((await read({ authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await read({ authorization: "Bearer hw_wrong" })).status).toBe(401);
    const refused = await read();
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: "auth:missing" });
  });

  it("the networks that the settings name, unless a proxy that they don't name speaks for somebody", async () => {
    await reloadWith("{ enabled: true, allow_from: [127.0.0.1] }");
    expect((await read()).status).toBe(200);
    expect((await read({ "x-forwarded-for": "127.0.0.1" })).status).toBe(401);
    await reloadWith("{ enabled: true, allow_from: [192.0.2.1] }");
    expect((await read()).status).toBe(401);
  });

  it("everybody, if the settings say so", async () => {
    await reloadWith("{ enabled: true, public: true }");
    expect((await read({ "x-forwarded-for": "203.0.113.9" })).status).toBe(200);
  });

  it("nobody when they are off", async () => {
    await reloadWith("{}");
    const refused = await read({ authorization: `Bearer ${server.token}` });
    expect(refused.status).toBe(404);
    expect(JSON.stringify(await refused.json())).toContain("metrics: { enabled: true }");
  });
});
