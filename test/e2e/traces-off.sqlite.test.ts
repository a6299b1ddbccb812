import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { receivedSchema } from "../../src/client/schemas.ts";
import { isEnded } from "../../src/domain/task-machine.ts";
import { type Collector, startCollector } from "../fakes/otlp-collector.ts";
import { githubPush } from "../support/push.ts";
import { serverClient, startServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push, branch: [main] }]
    steps: [{ run: [node, -e, 'console.log("it is", process.env.TRACEPARENT)'] }]
`;
const NOTE_MODULES = pathToFileURL(join(import.meta.dirname, "../support/note-modules.ts")).href;

let dir: string;
let collector: Collector;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-traces-"));
  await writeFile(join(dir, "hookwright.yaml"), SETTINGS);
  collector = await startCollector();
});
afterEach(async () => {
  await collector.close();
  await rm(dir, { recursive: true, force: true });
});

/** What a server loads that runs a task, and what the task's command finds. */
async function serveOnce(env: NodeJS.ProcessEnv): Promise<{ modules: string[]; lines: string[] }> {
  const MODULES_FILE = join(dir, "modules");
  const nodeOptions = ["--import", NOTE_MODULES];
  const server = startServerProcess({ dir, env: { ...env, MODULES_FILE }, nodeOptions });
  const url = await server.serving;
  const { headers, body } = githubPush({ secret: SECRET });
  const response = await fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
  const [task] = receivedSchema.parse(await response.json()).tasks;
  const client = await serverClient(url, dir);
  await until(async () => isEnded((await client.getTask(task?.id ?? "")).state), { what: "the task's end" });
  const { items } = await client.listLog(task?.id ?? "", { limit: 100 });
  server.kill("SIGTERM");
  expect(await server.exited).toMatchObject({ code: 0 });
  const modules = (await readFile(MODULES_FILE, "utf8")).split("\n");
  return { modules, lines: items.map(({ text }) => text) };
}

const ofTraces = (modules: readonly string[]): string[] =>
  modules.filter((url) => /@opentelemetry|lib\/tracing\/otlp|usecases\/traces/.test(url));

it.each([{}, { OTEL_SDK_DISABLED: "true" }])(
  "a server without traces loads nothing of them: %o",
  async (env) => {
    const endpoint = "OTEL_SDK_DISABLED" in env ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } : {};
    const { modules, lines } = await serveOnce({ ...env, ...endpoint });
    expect(modules.some((url) => url.includes("/usecases/start-traces."))).toBe(true);
    expect(ofTraces(modules)).toEqual([]);
    expect(lines).toContain("it is undefined");
    expect(collector.requests).toEqual([]);
  },
);

it("one with traces loads them, and has sent all of them when it has ended", async () => {
  const { modules, lines } = await serveOnce({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  expect(ofTraces(modules).some((url) => url.includes("/@opentelemetry/"))).toBe(true);
  const names = collector.spans.map(({ name }) => name);
  expect(names.toSorted()).toEqual(["delivery app", "step run", "task deploy"]);
  const step = collector.spans.find(({ name }) => name === "step run");
  expect(lines).toContain(`it is 00-${step?.traceId}-${step?.spanId}-01`);
});
