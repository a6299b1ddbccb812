import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startTestServer, type TestServer, type TestServerOptions } from "../support/server.ts";
import { storeIn } from "../support/test-store.ts";

const SETTINGS = `
work: { lease: 2s }
sources: { app: { kind: github, secrets: [a-long-enough-secret] } }
actions:
  anywhere:
    workdir: .
    on: [{ source: app, event: push, branch: [main] }]
    concurrency: { policy: parallel }
    steps: [{ shell: "true" }]
  labelled:
    workdir: .
    runs_on: [web-2, db]
    concurrency: { policy: parallel }
    steps: [{ shell: "true" }]
  slow:
    workdir: .
    grace: 200ms
    steps:
      - { shell: echo do >> out, undo: { shell: echo undo >> out } }
      - shell: "echo begun; while ! test -e go; do sleep 0.02; done; echo gone"
`;

let dir: string;
let servers: TestServer[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-many-"));
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  await (await storeIn(dir, { kind: "sqlite", path: "" })).remove();
  await rm(dir, { recursive: true, force: true });
});

async function start(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const server = await startTestServer({ settings: SETTINGS, dir, ...options });
  servers.push(server);
  return server;
}

describe("many servers on one PostgreSQL", () => {
  it("share the work: what one receives another runs", async () => {
    const receiver = await start({ name: "receiver", work: false });
    const worker = await start({ name: "worker", receive: false });
    const response = await receiver.push({ secret: "a-long-enough-secret" });
    expect(response.status).toBe(202);
    const [task] = (await receiver.client.listTasks()).items;
    expect(await receiver.ended(task?.id ?? "")).toMatchObject({ outcome: "succeeded", node: "worker" });
    expect((await worker.push({ secret: "a-long-enough-secret" })).status).toBe(404);
  });

  it("know each other, and who has gone", async () => {
    const one = await start({ name: "one", labels: ["web"], work: false });
    const two = await start({ name: "two" });
    const nodes = async (server: TestServer) => (await server.client.listNodes()).items;
    expect(await nodes(two)).toMatchObject([
      { name: "two", labels: ["two"], roles: ["receive", "work"], alive: true, tasks: 0 },
      { name: "one", labels: ["one", "web"], roles: ["receive"], alive: true },
    ]);
    await two.close();
    servers = [one];
    expect(await nodes(one)).toMatchObject([{ name: "one" }]);
  });

  it("run a task on a node that has one of its labels, and let it wait as long as there is none", async () => {
    const any = await start({ name: "web-1" });
    const { id } = await any.client.startTask({ action: "labelled", params: {} });
    const other = await any.client.startTask({ action: "anywhere", params: {} });
    expect(await any.ended(other.id)).toMatchObject({ node: "web-1" });
    expect(await any.client.getTask(id)).toMatchObject({
      state: "ENQUEUED",
      runs_on: ["web-2", "db"],
      position: 1,
    });
    await start({ name: "web-3", labels: ["db"] });
    expect(await any.ended(id)).toMatchObject({ outcome: "succeeded", node: "web-3" });
  });

  it("cancel each other's tasks", async () => {
    const receiver = await start({ name: "receiver", work: false });
    await start({ name: "worker" });
    const { id } = await receiver.client.startTask({ action: "slow", params: {} });
    await vi.waitFor(async () => expect(await receiver.lines(id)).toContain("begun"), { timeout: 20_000 });
    expect(await receiver.client.cancelTask(id)).toMatchObject({ state: "CANCELLING" });
    expect(await receiver.ended(id)).toMatchObject({ outcome: "cancelled", node: "worker" });
    expect(await readFile(join(dir, "out"), "utf8")).toBe("do\nundo\n");
  });

  it("show each other's logs as they are written", async () => {
    const receiver = await start({ name: "receiver", work: false });
    await start({ name: "worker" });
    const { id } = await receiver.client.startTask({ action: "slow", params: {} });
    const seen: string[] = [];
    const states: string[] = [];
    for await (const event of receiver.client.followTask(id)) {
      if (event.type === "task") states.push(event.task.state);
      else seen.push(event.entry.text);
      // Only a follower who is told of each line gets to the end.
      if (event.type === "log" && event.entry.text === "begun") await writeFile(join(dir, "go"), "");
    }
    expect(seen).toContain("gone");
    expect(states.at(-1)).toBe("COMPLETED");
  });
});
