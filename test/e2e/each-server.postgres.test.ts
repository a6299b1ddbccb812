import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TaskWire } from "../../src/client/schemas.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { storeIn } from "../support/test-store.ts";

/** Every command says which server it runs on: the servers differ in their environment file only. */
const settings = (maxParallel: number): string => `
work: { lease: 2s, concurrency: 1 }
actions:
  roll-out:
    workdir: .
    grace: 200ms
    runs_on: { labels: [web], each: true, max_parallel: ${maxParallel} }
    steps:
      - { shell: 'echo "do $HOOKWRIGHT_NODE" >> out', undo: { shell: 'echo "undo $HOOKWRIGHT_NODE" >> out' } }
      - shell: 'while ! test -e go; do sleep 0.02; done; ! test -e "fail-$HOOKWRIGHT_NODE"'
  next: { workdir: ., concurrency: { group: roll-out }, steps: [{ shell: echo next >> out }] }
`;

let dir: string;
let servers: TestServer[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-each-"));
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  await (await storeIn(dir, { kind: "sqlite", path: "" })).remove();
  await rm(dir, { recursive: true, force: true });
});

async function start(names: readonly string[], maxParallel = 1): Promise<TestServer> {
  for (const name of names) {
    const labels = name.startsWith("web") ? ["web"] : [];
    servers.push(await startTestServer({ settings: settings(maxParallel), dir, name, labels }));
  }
  const [first] = servers;
  if (first === undefined) throw new Error("no server");
  return first;
}

const touch = (name: string): Promise<void> => writeFile(join(dir, name), "");
const out = async (): Promise<string[]> =>
  (await readFile(join(dir, "out"), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
const begun = (lines: readonly string[]): Promise<void> =>
  vi.waitFor(async () => expect(await out()).toEqual(lines), { timeout: 20_000 });
const partsOf = async (server: TestServer, id: string): Promise<TaskWire[]> =>
  (await server.client.listTasks({ parent_id: id })).items;

describe("a task for each of several servers", () => {
  it("runs on every one, one after the other, and nothing of its group meanwhile", async () => {
    const server = await start(["web-1", "db", "web-2", "web-3"]);
    const { id } = await server.client.startTask({ action: "roll-out", params: {} });
    await server.client.startTask({ action: "next", params: {} });
    await begun(["do web-1"]);
    await touch("go");
    expect(await server.ended(id)).toMatchObject({ outcome: "succeeded", progress: 100 });
    await begun(["do web-1", "do web-2", "do web-3", "next"]);
    const parts = await partsOf(server, id);
    expect(parts.map(({ node, outcome }) => [node, outcome])).toEqual([
      ["web-3", "succeeded"],
      ["web-2", "succeeded"],
      ["web-1", "succeeded"],
    ]);
    expect((await server.lines(id)).join("\n")).toContain("web-2: succeeded");
  });

  it("runs on as many at a time as it may", async () => {
    const server = await start(["web-1", "web-2", "web-3"], 2);
    const { id } = await server.client.startTask({ action: "roll-out", params: {} });
    await vi.waitFor(async () => expect(await out()).toHaveLength(2), { timeout: 20_000 });
    expect((await partsOf(server, id)).filter(({ state }) => state === "RUNNING")).toHaveLength(2);
    await touch("go");
    expect(await server.ended(id)).toMatchObject({ outcome: "succeeded" });
    expect((await out()).toSorted()).toEqual(["do web-1", "do web-2", "do web-3"]);
  });

  it("stops at the first failure and undoes those done, the last first", async () => {
    const server = await start(["web-1", "web-2", "web-3", "web-4"]);
    await touch("go");
    await touch("fail-web-3");
    const { id } = await server.client.startTask({ action: "roll-out", params: {} });
    const task = await server.ended(id);
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "failed" });
    expect(task.reason).toMatch(/^On web-3: Step .* failed/);
    expect(await out()).toEqual([
      "do web-1",
      "do web-2",
      "do web-3",
      "undo web-3",
      "undo web-2",
      "undo web-1",
    ]);
  });

  it("is cancelled with its parts", async () => {
    const server = await start(["web-1", "web-2"]);
    const { id } = await server.client.startTask({ action: "roll-out", params: {} });
    await begun(["do web-1"]);
    await server.client.cancelTask(id);
    expect(await server.ended(id)).toMatchObject({ state: "CANCELLED", outcome: "cancelled" });
    expect(await out()).toEqual(["do web-1", "undo web-1"]);
  });

  it("goes on when the server that leads it goes", async () => {
    const leader = await start(["db"]);
    const { id } = await leader.client.startTask({ action: "roll-out", params: {} });
    expect(await leader.ended(id)).toMatchObject({
      outcome: "failed",
      reason: "No live server has the label web",
    });
    const second = await leader.client.startTask({ action: "roll-out", params: {} });
    await leader.ended(second.id);
    const web = await startTestServer({
      settings: settings(1),
      dir,
      name: "web-1",
      labels: ["web"],
      work: true,
    });
    servers.push(web);
    const third = await web.client.startTask({ action: "roll-out", params: {} });
    await begun(["do web-1"]);
    await leader.close();
    servers = [web];
    await touch("go");
    expect(await web.ended(third.id)).toMatchObject({ outcome: "succeeded" });
    expect(await out()).toEqual(["do web-1"]);
  });

  it("has parts that can't be retried by themselves", async () => {
    const server = await start(["web-1"]);
    await touch("go");
    const { id } = await server.client.startTask({ action: "roll-out", params: {} });
    await server.ended(id);
    const [part] = await partsOf(server, id);
    await expect(server.client.retryTask(part?.id ?? "")).rejects.toMatchObject({
      code: "task:not_retryable",
    });
  });
});
