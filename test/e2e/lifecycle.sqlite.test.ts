import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { openStore } from "../../src/storage/open.ts";
import { receivedSchema, type TaskWire } from "../../src/client/schemas.ts";
import { isEnded } from "../../src/domain/task-machine.ts";
import { githubPush } from "../support/push.ts";
import {
  markedProcesses,
  serverClient,
  type ServerProcess,
  startServerProcess,
} from "../support/server-process.ts";
import { until } from "../support/until.ts";

const SECRET = "lifecycle-secret-0123456789";
const MARK = "LIFECYCLE_TEST";

let dir: string;
let servers: ServerProcess[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-life-"));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) {
    server.kill("SIGKILL");
    await server.exited;
  }
  await rm(dir, { recursive: true, force: true });
});

function start(): ServerProcess {
  const server = startServerProcess({ dir });
  servers.push(server);
  return server;
}

/** Replaced as an editor does it, so that nobody reads half a file. Resolves with the text's digest, as the log names it. */
async function writeSettings(actions: string, more = ""): Promise<string> {
  const text = `
sources: { app: { kind: github, secrets: [${SECRET}] } }
${more}
actions:
${actions}
`;
  await writeFile(join(dir, "new.yaml"), text);
  await rename(join(dir, "new.yaml"), join(dir, "hookwright.yaml"));
  return createHash("sha256").update(text).digest("hex");
}

/** Waits for the file `go`; a step before it can be undone. */
const waiting = (rest = ""): string => `
  deploy:
    on: [{ source: app, event: push }]
    workdir: .
    grace: 200ms
    env: { ${MARK}: "${dir}" }
    ${rest}
    steps:
      - { name: a, shell: 'echo do >> out', undo: { shell: 'echo undo >> out' } }
      - shell: 'echo waiting >> out; while ! test -e go; do sleep 0.02; done; echo done >> out'
`;

const out = (): Promise<string> => readFile(join(dir, "out"), "utf8").catch(() => "");
const go = (): Promise<void> => writeFile(join(dir, "go"), "");

function push(
  url: string,
  options: { readonly branch?: string; readonly id?: string } = {},
): Promise<Response> {
  const { headers, body } = githubPush({ secret: SECRET, ...options, message: crypto.randomUUID() });
  return fetch(`${url}/hooks/app`, { method: "POST", headers, body: new Uint8Array(body) });
}

async function pushed(url: string): Promise<string> {
  const response = await push(url);
  expect(response.status).toBe(202);
  return receivedSchema.parse(await response.json()).tasks[0]?.id ?? "";
}

const ended = (client: Client, id: string): Promise<TaskWire> =>
  until(
    async () => {
      const task = await client.getTask(id);
      return isEnded(task.state) ? task : null;
    },
    { what: "the task's end" },
  );

/** A server whose one task is under way. */
async function working(): Promise<{ server: ServerProcess; url: string; client: Client; task: string }> {
  const server = start();
  const url = await server.serving;
  const task = await pushed(url);
  await until(async () => (await out()).includes("waiting"), { what: "the command to start" });
  return { server, url, client: await serverClient(url, dir), task };
}

const isDraining = (url: string): Promise<boolean> =>
  until(async () => (await fetch(`${url}/readyz`)).status === 503, { what: "the server to drain" });

describe("SIGTERM", () => {
  it("lets the running task finish, takes on nothing new, and exits with 0", async () => {
    await writeSettings(waiting());
    const { server, url, client, task } = await working();
    server.kill("SIGTERM");
    await isDraining(url);
    const refused = await push(url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(await refused.json()).toMatchObject({ code: "server:draining" });
    await expect(client.startTask({ action: "deploy", params: {} })).rejects.toMatchObject({
      code: "server:draining",
    });
    // What runs can still be watched.
    expect(await client.getTask(task)).toMatchObject({ state: "RUNNING" });
    await go();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(await out()).toBe("do\nwaiting\ndone\n");
    const next = await serverClient(await start().serving, dir);
    expect(await next.getTask(task)).toMatchObject({ state: "COMPLETED" });
    expect((await next.listTasks({ limit: 10 })).items).toHaveLength(1);
  });

  it("leaves waiting tasks to the next server", async () => {
    await writeSettings(waiting());
    const { server, url } = await working();
    const second = await pushed(url);
    server.kill("SIGTERM");
    await isDraining(url);
    await go();
    await server.exited;
    const client = await serverClient(await start().serving, dir);
    expect(await ended(client, second)).toMatchObject({ outcome: "succeeded", attempt: 1 });
  });

  it("lets a running task be cancelled while it drains", async () => {
    await writeSettings(waiting());
    const { server, url, client, task } = await working();
    server.kill("SIGTERM");
    await isDraining(url);
    await client.cancelTask(task);
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(await out()).toBe("do\nwaiting\nundo\n");
  });

  const DRAIN = "server: { drain_timeout: 300ms }";
  it.each([
    ["after the drain's time", DRAIN, false],
    ["when it comes twice", "", true],
  ])("%s ends the task as lost and undoes it", async (_, more, twice) => {
    await writeSettings(waiting(), more);
    const { server, url, task } = await working();
    server.kill("SIGTERM");
    if (twice) {
      await isDraining(url);
      server.kill("SIGTERM");
    }
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(await out()).toBe("do\nwaiting\nundo\n");
    expect(markedProcesses(MARK, dir)).toEqual([]);
    const client = await serverClient(await start().serving, dir);
    expect(await client.getTask(task)).toMatchObject({ state: "CANCELLED", outcome: "lost" });
  });

  it("after the drain's time leaves a task that may be retried to the next server", async () => {
    await writeSettings(waiting("on_crash: retry"), DRAIN);
    const { server, task } = await working();
    server.kill("SIGTERM");
    expect((await server.exited).code).toBe(0);
    expect(markedProcesses(MARK, dir)).toEqual([]);
    await go();
    const client = await serverClient(await start().serving, dir);
    expect(await ended(client, task)).toMatchObject({ outcome: "succeeded", attempt: 2 });
    expect(await out()).toBe("do\nwaiting\ndo\nwaiting\ndone\n");
  });
});

describe("a reload", () => {
  const echo = (text: string): string => `
  deploy:
    on: [{ source: app, event: push, branch: main }]
    workdir: .
    steps: [{ shell: 'echo ${text} >> out' }]
`;

  it.each(["SIGHUP", "a change of the file"])("by %s drops no request", async (how) => {
    await writeSettings(echo("old"));
    const server = start();
    const url = await server.serving;
    const statuses: number[] = [];
    let sending = true;
    const send = async (): Promise<void> => {
      while (sending) statuses.push((await push(url, { branch: "starts-nothing" })).status);
    };
    const senders = [send(), send(), send()];
    try {
      for (let version = 1; version <= 5; version += 1) {
        const digest = await writeSettings(echo(`new-${version}`));
        if (how === "SIGHUP") server.kill("SIGHUP");
        await until(() => server.output().includes(digest), { what: `reload ${version}` });
        await pushed(url);
        await until(async () => (await out()).includes(`new-${version}`), { what: `version ${version}` });
      }
    } finally {
      sending = false;
    }
    await Promise.all(senders);
    expect(statuses.length).toBeGreaterThan(20);
    expect(statuses.filter((status) => status !== 202)).toEqual([]);
  });

  it("refuses a bad file, says why, and keeps the old one until a good one comes", async () => {
    await writeSettings(echo("old"));
    const server = start();
    const url = await server.serving;
    await writeSettings("  deploy: { stepz: [] }");
    await until(() => server.output().includes("The new settings are refused"), { what: "the refusal" });
    expect(server.output()).toContain("stepz");
    await pushed(url);
    await until(async () => (await out()) === "old\n", { what: "the old action" });
    await writeSettings(echo("new"));
    await until(() => server.output().includes("Settings reloaded"), { what: "the reload" });
    await pushed(url);
    await until(async () => (await out()) === "old\nnew\n", { what: "the new action" });
  });

  it("runs a task by the settings that it was accepted under", async () => {
    await writeSettings(waiting());
    const { server, url, client, task } = await working();
    const second = await pushed(url);
    await writeSettings(echo("other"));
    server.kill("SIGHUP");
    await until(() => server.output().includes("Settings reloaded"), { what: "the reload" });
    await go();
    await ended(client, task);
    expect(await ended(client, second)).toMatchObject({ outcome: "succeeded" });
    expect(await out()).toBe("do\nwaiting\ndone\ndo\nwaiting\ndone\n");
  });
});

describe("a server that can't have its store", () => {
  const refusal = async (server: ServerProcess): Promise<string> => {
    const { code } = await server.exited;
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    return server.output();
  };

  it("says that another has it, and does the other no harm", async () => {
    await writeSettings(waiting());
    const url = await start().serving;
    expect(await refusal(start())).toContain("store:locked");
    expect((await push(url)).status).toBe(202);
  });

  it("waits for a command that has it, and says which process it is", async () => {
    await writeSettings(waiting());
    const store = await openStore({ kind: "sqlite", path: join(dir, "data/hookwright.db") });
    const server = start();
    await until(() => server.output().includes("waiting for it to end"), { what: "the server to wait" });
    expect(server.output()).toContain(`"pid":${process.pid}`);
    await store.close();
    expect((await push(await server.serving)).status).toBe(202);
  });

  it("says that the database is from the future, and leaves it as it is", async () => {
    await writeSettings(waiting());
    const first = start();
    await first.serving;
    first.kill("SIGTERM");
    await first.exited;
    const database = new Database(join(dir, "data/hookwright.db"));
    database.pragma("user_version = 999");
    database.close();
    expect(await refusal(start())).toMatch(/version 999.*store:too_new/s);
    const after = new Database(join(dir, "data/hookwright.db"), { readonly: true });
    expect(after.pragma("user_version", { simple: true })).toBe(999);
    after.close();
  });

  it.each([
    ["below a file", () => join(dir, "hookwright.yaml", "db")],
    ["where nobody may write", () => "/sys/hookwright/db"],
  ])("says that its folder can't be made: %s", async (_, path) => {
    await writeSettings(waiting(), `store: "sqlite:${path()}"`);
    const said = await refusal(start());
    expect(said).toContain("store:unavailable");
    expect(said).toContain(path());
  });

  it("says that its file is no database, and leaves it as it is", async () => {
    await writeSettings(waiting(), "store: sqlite:./precious.txt");
    await writeFile(join(dir, "precious.txt"), "not a database, but dear to somebody\n".repeat(100));
    const said = await refusal(start());
    expect(said).toMatch(/precious\.txt.*not a database/s);
    expect((await stat(join(dir, "precious.txt"))).size).toBe(3_700);
  });
});

describe("a full disk", () => {
  /** Files of the process can't grow beyond so many bytes: what a full disk is to it. */
  const limitFiles = (pid: number, bytes: string): void => {
    const { status, stderr } = spawnSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`]);
    expect({ status, said: stderr.toString() }).toEqual({ status: 0, said: "" });
  };

  it("is answered with 503, claims nothing, and is over when there is room, without a restart", async () => {
    await writeSettings(waiting());
    await go();
    const server = start();
    const url = await server.serving;
    const client = await serverClient(url, dir);
    const before = await pushed(url);
    await ended(client, before);
    limitFiles(server.pid, "1");
    const id = crypto.randomUUID();
    const refused = await push(url, { id });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect(await refused.json()).toMatchObject({ code: "store:unavailable" });
    await expect(client.startTask({ action: "deploy", params: {} })).rejects.toMatchObject({
      code: "store:unavailable",
    });
    // What is stored can still be read.
    expect(await client.getTask(before)).toMatchObject({ outcome: "succeeded" });
    limitFiles(server.pid, "unlimited");
    const again = await push(url, { id });
    expect(again.status).toBe(202);
    const { duplicate, tasks } = receivedSchema.parse(await again.json());
    expect(duplicate).toBe(false);
    expect(await ended(client, tasks[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
    expect((await client.listTasks({ limit: 10 })).items).toHaveLength(2);
    expect((await client.listDeliveries({ limit: 10 })).items).toHaveLength(2);
  });

  it("loses nothing of a task that runs meanwhile", async () => {
    await writeSettings(waiting());
    const { server, client, task } = await working();
    limitFiles(server.pid, "1");
    // Its commands are not limited: they are started by a process of their own.
    await go();
    await until(async () => (await out()).includes("done"), { what: "the command's end" });
    expect(await client.getTask(task)).toMatchObject({ state: "RUNNING" });
    limitFiles(server.pid, "unlimited");
    expect(await ended(client, task)).toMatchObject({ outcome: "succeeded", attempt: 1 });
    expect(await out()).toBe("do\nwaiting\ndone\n");
  });
});
