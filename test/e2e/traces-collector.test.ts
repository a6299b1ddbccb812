import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { receivedSchema } from "../../src/client/schemas.ts";
import { type Collector, startCollector } from "../fakes/otlp-collector.ts";
import { logLines } from "../support/log-lines.ts";
import { otelEnv } from "../support/otel-env.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../support/server.ts";
import { storeIn } from "../support/test-store.ts";
import { until } from "../support/until.ts";

const SECRET = "a-long-enough-secret";
const settings = `
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push, branch: [main] }]
    steps: [{ run: [node, -e, "console.log(process.env.TRACEPARENT)"] }]
`;

let dir: string;
let collector: Collector;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-traces-"));
  collector = await startCollector();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await collector.close();
  await (await storeIn(dir, { kind: "sqlite", path: "" })).remove();
  await rm(dir, { recursive: true, force: true });
});

const start = (
  more: Readonly<Record<string, string>> = {},
  options: Partial<TestServerOptions> = {},
): Promise<TestServer> => startTestServer({ settings, dir, env: otelEnv(collector.url, more), ...options });

async function push(server: TestServer): Promise<{ readonly id: string; readonly task: string }> {
  const received = receivedSchema.parse(await (await server.push({ secret: SECRET })).json());
  return { id: received.delivery, task: received.tasks[0]?.id ?? "" };
}

it("a task that another process runs is in its delivery's trace, without having been told of it", async () => {
  const receiving = await start({}, { work: false });
  const { id, task } = await push(receiving);
  await receiving.close();
  const working = await start({}, { receive: false });
  await working.ended(task);
  await working.close();
  const [delivery, ...more] = collector.spans.filter(({ name }) => name === "delivery app");
  const told = collector.spans.find(({ name }) => name === "task deploy");
  expect(more).toEqual([]);
  expect(told).toMatchObject({ traceId: id.replaceAll("-", ""), parentId: delivery?.spanId });
  expect(told?.resource["service.instance.id"]).not.toBe(delivery?.resource["service.instance.id"]);
});

it("a collector that hangs holds up nothing, neither tasks nor the end of the server", async () => {
  collector.behave("hang");
  // Else the exporter itself would give up.
  const server = await start({ OTEL_EXPORTER_OTLP_TIMEOUT: "600000" });
  const { task } = await push(server);
  expect(await server.ended(task)).toMatchObject({ outcome: "succeeded" });
  await until(() => collector.requests.length > 0, { what: "a request that the collector keeps" });
  await server.close();
  expect(collector.spans).toEqual([]);
});

it("one that refuses, or is not there, is told of in the log and changes nothing", async () => {
  const { logger, lines } = logLines("warn");
  collector.behave("refuse");
  const server = await start({ OTEL_EXPORTER_OTLP_HEADERS: "authorization=hidden-token" }, { logger });
  expect(await server.ended((await push(server)).task)).toMatchObject({ outcome: "succeeded" });
  await until(() => lines.some((line) => line.includes("did not get to the collector")), {
    what: "a warning",
  });
  expect(lines.join("")).toContain(collector.url);
  expect(lines.join("")).not.toContain("hidden-token");
  await server.close();
});

it("a trace that the sampler leaves out is not sent, and its commands can tell", async () => {
  const server = await start({ OTEL_TRACES_SAMPLER: "always_off" });
  const { id, task } = await push(server);
  await server.ended(task);
  const traceparent = new RegExp(`^00-${id.replaceAll("-", "")}-[0-9a-f]{16}-00$`);
  expect(await server.lines(task)).toContainEqual(expect.stringMatching(traceparent));
  await server.close();
  expect(collector.requests).toEqual([]);
});

it("a variable that can't be obeyed is warned of, and the server runs without traces", async () => {
  const { logger, lines } = logLines("warn");
  const server = await start({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, { logger });
  await server.ended((await push(server)).task);
  await server.close();
  expect(lines.join("")).toContain("http/protobuf");
  expect(collector.requests).toEqual([]);
});
