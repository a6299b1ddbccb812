import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { type ReceivedWire, receivedSchema, type TaskWire } from "../../src/client/schemas.ts";
import { isEnded } from "../../src/domain/task-machine.ts";
import { problemOf } from "../support/problems.ts";
import { githubPush } from "../support/push.ts";
import { serverClient, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { postgresUrlOf, storeIn, type TestStore } from "../support/test-store.ts";
import { until } from "../support/until.ts";

const SECRET = "a-long-enough-secret";
const KILL_POINT = pathToFileURL(join(import.meta.dirname, "../support/kill-point.ts")).href;

let dir: string;
let database: TestStore;
/** The way to PostgreSQL. */
let proxy: TcpProxy;
let servers: ServerProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-spool-"));
  database = await storeIn(dir, { kind: "sqlite", path: "" });
  const socketDir = new URLSearchParams(inject("postgres").split("?")[1]).get("host") ?? "";
  proxy = await startTcpProxy(join(socketDir, ".s.PGSQL.5432"));
  await configure();
});
afterEach(async () => {
  for (const server of servers) server.kill("SIGKILL");
  await Promise.all(servers.map(({ exited }) => exited));
  servers = [];
  await proxy.close();
  await database.remove();
  await rm(dir, { recursive: true, force: true });
});

const configure = (server = "{ spool: true }"): Promise<void> => {
  const url = postgresUrlOf(database);
  const name = /\/(test_\w+)\?/.exec(url)?.[1] ?? "";
  return writeFile(
    join(dir, "hookwright.yaml"),
    `
server: ${server}
work: { lease: 2s }
store: postgres://postgres@127.0.0.1:${proxy.port}/${name}
sources: { app: { kind: github, secrets: [${SECRET}] } }
actions:
  deploy:
    on: [{ source: app, event: push }]
    workdir: .
    steps: [{ shell: echo $HOOKWRIGHT_TASK_ID >> out }]
`,
  );
};

async function start(killPoint?: string): Promise<{ server: ServerProcess; url: string }> {
  const preload =
    killPoint === undefined ? {} : { nodeOptions: ["--import", KILL_POINT], env: { KILL_POINT: killPoint } };
  const server = startServerProcess({ dir, ...preload });
  servers.push(server);
  return { server, url: await server.serving };
}

async function crash(server: ServerProcess): Promise<void> {
  server.kill("SIGKILL");
  await server.exited;
}

function send(url: string, message: string, id?: string): Promise<Response> {
  const { headers, body } = githubPush({ secret: SECRET, message, ...(id !== undefined && { id }) });
  return fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
}

async function push(url: string, message: string, id?: string): Promise<ReceivedWire> {
  const response = await send(url, message, id);
  expect(response.status).toBe(202);
  return receivedSchema.parse(await response.json());
}

const ready = async (url: string): Promise<unknown> => (await fetch(`${url}/readyz`)).json();

const taken = (url: string): Promise<unknown> =>
  until(async () => JSON.stringify(await ready(url)) === '{"status":"ready"}', {
    what: "all deliveries to be taken in",
  });

async function clientOf(url: string): Promise<Client> {
  const made = async () => {
    const client = await serverClient(url, dir).catch(() => null);
    return client !== null && (await client.listNodes().catch(() => null)) !== null && client;
  };
  return until(made, { what: "the server to take part" });
}

/** Every delivery that was answered is there once, in order, and has started one task. Resolves with the tasks when they have ended. */
async function expectOnce(url: string, deliveries: readonly string[]): Promise<readonly TaskWire[]> {
  await taken(url);
  const client = await clientOf(url);
  const { items } = await client.listDeliveries({ limit: 100 });
  expect(items.map(({ id }) => id).toReversed()).toEqual(deliveries);
  const tasks = await until(
    async () => {
      const { items: found } = await client.listTasks({ limit: 100 });
      return found.every(({ state }) => isEnded(state)) && found.toReversed();
    },
    { what: "the tasks to end" },
  );
  expect(tasks.map((task) => task.delivery_id)).toEqual(deliveries);
  return tasks;
}

describe("a receiver with a spool", () => {
  it("takes webhooks while PostgreSQL is away, and stores each of them once when it is back", async () => {
    const { server, url } = await start();
    const ids = [(await push(url, "before")).delivery];
    proxy.refuse(true);
    const first = await push(url, "first", "11111111-1111-4111-8111-111111111111");
    expect(first).toMatchObject({ duplicate: false, tasks: [], spooled: true });
    const again = await push(url, "first", "11111111-1111-4111-8111-111111111111");
    expect(again).toMatchObject({ delivery: first.delivery, duplicate: true });
    ids.push(first.delivery, (await push(url, "second")).delivery);
    expect(await ready(url)).toEqual({ status: "ready", spooled: 2 });
    // Who is not authentic is refused as ever.
    const forged = { method: "POST", headers: { "x-github-event": "push" }, body: "{}" };
    expect((await fetch(`${url}/hooks/app`, forged)).status).toBe(401);
    expect(server.output()).toContain("webhooks are kept on this machine until it is back");
    proxy.refuse(false);
    const tasks = await expectOnce(url, ids);
    expect(tasks.map(({ outcome }) => outcome)).toEqual(ids.map(() => "succeeded"));
    const ran = (await readFile(join(dir, "out"), "utf8")).trim().split("\n");
    expect(ran).toEqual(tasks.map(({ id }) => id));
    expect(server.output()).toContain("The store is back");
    expect(await push(url, "after")).toMatchObject({ tasks: [{ action: "deploy" }] });
  });

  it("loses nothing when it is killed meanwhile, and starts and takes more though PostgreSQL is away", async () => {
    const before = await start();
    const ids = [(await push(before.url, "before")).delivery];
    proxy.refuse(true);
    ids.push((await push(before.url, "first")).delivery, (await push(before.url, "second")).delivery);
    await crash(before.server);
    const { url, server } = await start();
    ids.push((await push(url, "third")).delivery);
    expect(await ready(url)).toEqual({ status: "ready", spooled: 3 });
    expect(server.output()).toContain("can't be reached yet");
    proxy.refuse(false);
    await expectOnce(url, ids);
  });

  it("stores a delivery once though it is killed between that and the note of it", async () => {
    const before = await start("forwarded");
    const ids = [(await push(before.url, "before")).delivery];
    proxy.refuse(true);
    ids.push((await push(before.url, "first")).delivery, (await push(before.url, "second")).delivery);
    proxy.refuse(false);
    expect((await before.server.exited).signal).toBe("SIGKILL");
    const { url } = await start();
    await expectOnce(url, ids);
  });

  it("refuses what it has no room for, and says so", async () => {
    await configure("{ spool: true, spool_limit: 6kB }");
    const { url, server } = await start();
    proxy.refuse(true);
    const kept = [await push(url, "first"), await push(url, "second")];
    const refused = await send(url, "third");
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("30");
    expect(await problemOf(refused)).toMatchObject({ code: "store:unavailable" });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect(server.output()).toContain("The spool is full");
    proxy.refuse(false);
    await expectOnce(
      url,
      kept.map(({ delivery }) => delivery),
    );
  });

  it("ends in good order with webhooks that wait, and with what a dead server has left", async () => {
    // No process has this pid and start time: pid 1 started with the machine. What the store says of it can't be asked.
    const env = { HOOKWRIGHT_RUN_ID: "1@999999999999/01a21009-5436-7000-96e4-2e23302d3cff" };
    const left = spawn("/bin/sleep", ["1000"], { env, stdio: "ignore" });
    onTestFinished(() => void left.kill("SIGKILL"));
    const before = await start();
    proxy.refuse(true);
    const { delivery } = await push(before.url, "first");
    before.server.kill("SIGTERM");
    expect((await before.server.exited).code).toBe(0);
    proxy.refuse(false);
    const { url } = await start();
    await expectOnce(url, [delivery]);
  });

  it("is not there without the setting: then webhooks are refused", async () => {
    await configure("{}");
    const { url } = await start();
    proxy.refuse(true);
    const refused = await send(url, "first");
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
  });
});
