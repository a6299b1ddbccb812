import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { receivedSchema } from "../../src/client/schemas.ts";
import { type Collector, startCollector } from "../fakes/otlp-collector.ts";
import { otelEnv } from "../support/otel-env.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const SECRET = "a-long-enough-secret";
const API_KEY = "key-that-nobody-may-see";
const settingsFor = (receiver: string): string => `
outbound: { allow: [127.0.0.1] }
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    notify: [ops]
    params: { message: {} }
    on: [{ source: app, event: push, branch: [main], with: { message: event.commit.message } }]
    steps:
      - { run: [node, -e, "console.log(process.env.TRACEPARENT)"] }
      - { run: [echo, "\${API_KEY}"], undo: { run: ["true"] } }
      - { run: [node, -e, "process.exit(3)"], retries: 1 }
  parts: { workdir: ., runs_on: { labels: [test], each: true }, steps: [{ run: ["true"] }] }
notify: { ops: { kind: generic, url: "${receiver}", secret: "${SECRET}" } }
`;
const digits = (id: string): string => id.replaceAll("-", "");
const tail = (id: string): string => digits(id).slice(-16);

let collector: Collector;
let receiver: Receiver;
let server: TestServer;
beforeEach(async () => {
  collector = await startCollector();
  receiver = await startReceiver();
  const env = otelEnv(collector.url, {
    API_KEY,
    OTEL_SERVICE_NAME: "hooks",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=staging",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc",
  });
  server = await startTestServer({ settings: settingsFor(receiver.url), env });
});
afterEach(async () => {
  await server.close();
  await receiver.close();
  await collector.close();
  vi.unstubAllEnvs();
});

describe("the trace of a delivery", () => {
  const sender = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

  it("goes from the webhook over the task and its steps to the notice, by ids that everybody knows", async () => {
    const headers = { traceparent: `00-${sender.traceId}-${sender.spanId}-01` };
    const message = "a payload that nobody may see";
    const { delivery: id, tasks } = receivedSchema.parse(
      await (await server.push({ secret: SECRET, message, headers })).json(),
    );
    const taskId = tasks[0]?.id ?? "";
    const lines = await server.ended(taskId).then(() => server.lines(taskId));
    const notified = await collector.span(({ name }) => name === "notify ops");

    const delivery = await collector.span(({ name }) => name === "delivery app");
    expect(delivery).toMatchObject({ traceId: digits(id), spanId: tail(id), parentId: "", failed: false });
    expect(delivery.links).toEqual([`${sender.traceId}/${sender.spanId}`]);
    expect(delivery.attributes).toMatchObject({
      "hookwright.delivery.id": id,
      "hookwright.source": "app",
      "hookwright.event": "push",
      "hookwright.delivery.verdict": "accepted",
      "hookwright.delivery.tasks": 1,
    });
    expect(delivery.resource).toMatchObject({
      "service.name": "hooks",
      "deployment.environment": "staging",
    });

    const task = await collector.span(({ name }) => name === "task deploy");
    const shared = { traceId: digits(id) };
    expect(task).toMatchObject({ ...shared, spanId: tail(taskId), parentId: tail(id), failed: true });
    expect(task.attributes).toMatchObject({
      "hookwright.action": "deploy",
      "hookwright.task.state": "CANCELLED",
      "hookwright.task.outcome": "failed",
    });
    expect(task.startedAt).toBeGreaterThanOrEqual(delivery.startedAt);

    const steps = collector.spans.filter(({ parentId }) => parentId === tail(taskId) && parentId !== "");
    const seen = steps.map(({ name, attributes: of, failed }) => [
      name,
      of["hookwright.step.index"],
      of["hookwright.step.outcome"],
      of["hookwright.step.exit_code"],
      of["hookwright.step.tries"],
      failed,
    ]);
    expect(seen).toEqual(
      expect.arrayContaining([
        ["step run", 0, "succeeded", 0, 1, false],
        ["step run", 1, "succeeded", 0, 1, false],
        ["step run", 2, "failed", 3, 2, true],
        ["undo run", 1, "succeeded", 0, 1, false],
      ]),
    );
    for (const step of steps) expect(step.traceId).toBe(digits(id));
    const first = steps.find(({ attributes }) => attributes["hookwright.step.index"] === 0);
    expect(lines).toContain(`00-${digits(id)}-${first?.spanId}-01`);

    expect(notified).toMatchObject({ ...shared, parentId: tail(taskId), kind: 3, failed: false });
    expect(notified.attributes).toMatchObject({ "http.response.status_code": 200 });
    const told = receiver.requests.map((request) => request.headers["traceparent"]);
    expect(told).toContain(`00-${digits(id)}-${notified.spanId}-01`);
    expect(collector.requests[0]?.authorization).toBe("Basic abc");

    for (const hidden of [message, SECRET, API_KEY, receiver.url])
      expect(collector.raw().includes(hidden)).toBe(false);
  });

  it("also has what came a second time, and what a person has retried", async () => {
    const push = { secret: SECRET, id: "twice", sha: "2".repeat(40) };
    const { delivery: id, tasks } = receivedSchema.parse(await (await server.push(push)).json());
    await server.ended(tasks[0]?.id ?? "");
    await server.push(push);
    const retried = await server.client.retryTask(tasks[0]?.id ?? "");
    await server.ended(retried.id);
    const ofTrace = () => collector.spans.filter(({ traceId }) => traceId === digits(id));
    const retry = await collector.span(({ spanId }) => spanId === tail(retried.id));
    expect(retry.parentId).toBe(tail(id));
    expect(retry.links).toEqual([`${digits(id)}/${tail(tasks[0]?.id ?? "")}`]);
    const verdicts = ofTrace()
      .filter(({ name }) => name === "delivery app")
      .map((each) => [each.attributes["hookwright.delivery.verdict"], each.parentId]);
    expect(verdicts).toEqual([
      ["accepted", ""],
      ["duplicate", tail(id)],
    ]);
  });
});

it("a task that nobody sent has a trace of its own, with its parts in it", async () => {
  const { id } = await server.client.startTask({ action: "parts" });
  await server.ended(id);
  const whole = await collector.span(({ spanId }) => spanId === tail(id));
  expect(whole).toMatchObject({ traceId: digits(id), parentId: "", failed: false });
  const part = collector.spans.find(({ parentId, name }) => parentId === tail(id) && name === "task parts");
  expect(part?.traceId).toBe(digits(id));
  const step = collector.spans.find(({ parentId }) => parentId !== "" && parentId === part?.spanId);
  expect(step?.name).toBe("step run");
});
