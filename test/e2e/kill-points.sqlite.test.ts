import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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
import { readRecords } from "./crash/records.ts";
import { sha256 } from "./crash/sender.ts";

const SECRET = "kill-point-secret-0123456789";
const KILL_POINT = pathToFileURL(join(import.meta.dirname, "../support/kill-point.ts")).href;
/** For commands: the server that they work for dies. */
const KILL = "kill -9 $(cat server.pid)";

let dir: string;
let server: ServerProcess;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-kill-"));
});
afterEach(async () => {
  server.kill("SIGKILL");
  await server.exited;
  await rm(dir, { recursive: true, force: true });
});

const writeSettings = (actions: string): Promise<void> =>
  writeFile(
    join(dir, "hookwright.yaml"),
    `
sources: { app: { kind: github, secrets: [${SECRET}] } }
actions:${actions}
`,
  );

const DEPLOY = `
  deploy:
    on: [{ source: app, event: push }]
    workdir: .
    grace: 200ms
    steps:
      - { name: a, shell: 'echo do-a >> out', undo: { shell: 'echo undo-a >> out' } }
      - { name: b, shell: 'echo do-b >> out', undo: { shell: 'echo undo-b >> out' } }
`;

/** Starts it and resolves with its URL; commands find its process id in a file. */
async function start(killPoint?: string): Promise<string> {
  const preload =
    killPoint === undefined ? {} : { nodeOptions: ["--import", KILL_POINT], env: { KILL_POINT: killPoint } };
  server = startServerProcess({ dir, ...preload });
  await writeFile(join(dir, "server.pid"), String(server.pid));
  return server.serving;
}

const push = githubPush({ secret: SECRET, id: "11111111-1111-4111-8111-111111111111" });

const send = (url: string): Promise<Response> =>
  fetch(`${url}/hooks/app`, { method: "POST", headers: push.headers, body: new Uint8Array(push.body) });

/** Sends the push to a server that dies of it. */
async function sendToDeath(url: string): Promise<void> {
  await send(url).catch(() => null);
  expect((await server.exited).signal).toBe("SIGKILL");
}

/** Starts a server that dies of what the last one left. */
async function startToDeath(): Promise<void> {
  await start().catch(() => undefined);
  await server.exited;
}

async function onlyTask(url: string, test: (task: TaskWire) => boolean = ({ state }) => isEnded(state)) {
  const client = await serverClient(url, dir);
  return until(
    async () => {
      const { items } = await client.listTasks({ limit: 10 });
      expect(items.length).toBeLessThan(2);
      return items.find(test);
    },
    { what: "the task" },
  );
}

const out = (): Promise<string> => readFile(join(dir, "out"), "utf8").catch(() => "");

describe("a server that is killed", () => {
  it("between commit and answer has the delivery, and starts it once when the sender tries again", async () => {
    await writeSettings(DEPLOY);
    await sendToDeath(await start("stored"));
    const url = await start();
    const answer = await send(url);
    expect(answer.status).toBe(202);
    expect(receivedSchema.parse(await answer.json())).toMatchObject({
      duplicate: true,
      tasks: [{ action: "deploy" }],
    });
    expect(await onlyTask(url)).toMatchObject({ outcome: "succeeded", attempt: 1 });
    expect(await out()).toBe("do-a\ndo-b\n");
  });

  it.each([
    ["lost", { outcome: "lost", attempt: 1, state: "CANCELLED" }, ""],
    ["retry", { outcome: "succeeded", attempt: 2, state: "COMPLETED" }, "do-a\ndo-b\n"],
  ])("right after a claim ends the task as its action says: %s", async (onCrash, end, did) => {
    await writeSettings(`${DEPLOY}    on_crash: ${onCrash}\n`);
    await sendToDeath(await start("claimed"));
    expect(await onlyTask(await start())).toMatchObject(end);
    expect(await out()).toBe(did);
  });

  it("right after a task's end does not run or undo it again", async () => {
    await writeSettings(`${DEPLOY}    on_crash: retry\n`);
    await sendToDeath(await start("completed"));
    expect(await onlyTask(await start())).toMatchObject({ outcome: "succeeded", attempt: 1, progress: 100 });
    expect(await out()).toBe("do-a\ndo-b\n");
  });

  it("right after a failure still undoes what was done", async () => {
    await writeSettings(`${DEPLOY}      - shell: exit 3\n`);
    await sendToDeath(await start("stopped"));
    const task = await onlyTask(await start());
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "failed" });
    expect(task.reason).toContain("3");
    expect(await out()).toBe("do-a\ndo-b\nundo-b\nundo-a\n");
  });

  it("in the middle of an undo goes on with it, and does not repeat those done", async () => {
    await writeSettings(`
  deploy:
    on: [{ source: app, event: push }]
    workdir: .
    grace: 200ms
    steps:
      - { name: a, shell: 'echo do-a >> out', undo: { shell: 'echo undo-a >> out; test -e died || { echo > died; ${KILL}; sleep 100; }' } }
      - { name: b, shell: 'echo do-b >> out', undo: { shell: 'echo undo-b >> out' } }
      - shell: exit 1
`);
    await sendToDeath(await start());
    expect(await onlyTask(await start())).toMatchObject({ state: "CANCELLED", outcome: "failed" });
    expect(await out()).toBe("do-a\ndo-b\nundo-b\nundo-a\nundo-a\n");
  });

  it("while it cleans up after the last time cleans up the next time", async () => {
    await writeSettings(`
  deploy:
    on: [{ source: app, event: push }]
    workdir: .
    grace: 200ms
    env: { KILL_POINT_TEST: "${dir}" }
    steps:
      - { name: a, shell: 'echo do-a >> out', undo: { shell: 'echo undo-a >> out; test -e died || { echo > died; ${KILL}; sleep 100; }' } }
      - shell: 'setsid sh -c "trap \\"\\" TERM; while :; do sleep 0.1; done" > other 2>&1 & ${KILL}; sleep 100'
`);
    await sendToDeath(await start());
    await startToDeath();
    expect(await onlyTask(await start())).toMatchObject({ state: "CANCELLED", outcome: "lost" });
    expect(await out()).toBe("do-a\nundo-a\nundo-a\n");
    expect(markedProcesses("KILL_POINT_TEST", dir)).toEqual([]);
  });

  it("by a task again and again gives that task up, and works on", async () => {
    await writeSettings(`
  deploy:
    on: [{ source: app, event: push }]
    on_crash: retry
    workdir: .
    grace: 200ms
    steps: [{ shell: 'echo try >> out; ${KILL}; sleep 100' }]
`);
    await sendToDeath(await start());
    for (let death = 2; death <= 3; death += 1) {
      await startToDeath();
    }
    const task = await onlyTask(await start());
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "lost", attempt: 3 });
    expect(task.reason).toContain("not tried again");
    expect(await out()).toBe("try\ntry\ntry\n");
  });

  it("by an undo again and again gives the undos up, and says so", async () => {
    await writeSettings(`
  deploy:
    on: [{ source: app, event: push }]
    workdir: .
    grace: 200ms
    steps:
      - { shell: "true", undo: { shell: 'echo undo >> out; ${KILL}; sleep 100' } }
      - shell: exit 1
`);
    await sendToDeath(await start());
    for (let death = 2; death <= 3; death += 1) {
      await startToDeath();
    }
    const task = await onlyTask(await start());
    expect(task).toMatchObject({ state: "FAILED_CANCELLING", outcome: "failed" });
    expect(task.reason).toMatch(/the server died 3 times during the undos/);
    expect(await out()).toBe("undo\nundo\nundo\n");
  });
});

const second = githubPush({ secret: SECRET, message: "second" });
const BOTH = [sha256(second.body), sha256(push.body)];

const database = (): string => join(dir, "data/hookwright.db");

/** A server that has taken one push and was killed when it had done it. */
async function crashed(): Promise<void> {
  await writeSettings(DEPLOY);
  const url = await start();
  await send(url);
  await onlyTask(url);
  server.kill("SIGKILL");
  await server.exited;
}

async function bodyFile(): Promise<string> {
  const [name = ""] = await readdir(`${database()}.bodies`);
  return join(`${database()}.bodies`, name);
}

/** Takes a second push; resolves with the digests of the bodies that are there then, newest first. */
async function takesAnother(): Promise<(string | null)[]> {
  const url = await start();
  const answer = await fetch(`${url}/hooks/app`, {
    method: "POST",
    headers: second.headers,
    body: new Uint8Array(second.body),
  });
  expect(answer.status).toBe(202);
  server.kill("SIGKILL");
  await server.exited;
  const { deliveries } = await readRecords(database());
  return deliveries.map(({ bodySha256 }) => bodySha256);
}

describe("what a crash may leave on the disk", () => {
  it("a body that was written and never acknowledged is skipped", async () => {
    await crashed();
    await appendFile(await bodyFile(), push.body.subarray(0, 700));
    expect(await takesAnother()).toEqual(BOTH);
  });

  it("a torn end of the write-ahead log is left out", async () => {
    await crashed();
    const wal = `${database()}-wal`;
    const bytes = await readFile(wal);
    expect(bytes.length).toBeGreaterThan(4_096);
    // A frame that was begun: the right salt, the wrong content.
    await appendFile(wal, bytes.subarray(32, 32 + 2_000));
    expect(await takesAnother()).toEqual(BOTH);
  });

  it("an index of the write-ahead log that is garbage is made anew", async () => {
    await crashed();
    await writeFile(`${database()}-shm`, "x".repeat(32_768));
    expect(await takesAnother()).toEqual(BOTH);
  });

  it("a lost body is said to be lost, and never another's", async () => {
    await crashed();
    const file = await bodyFile();
    await truncate(file, (await stat(file)).size - 100);
    const url = await start();
    const [first] = (await (await serverClient(url, dir)).listDeliveries({ limit: 1 })).items;
    await fetch(`${url}/hooks/app`, {
      method: "POST",
      ...requestOf(githubPush({ secret: SECRET, message: "x" })),
    });
    server.kill("SIGKILL");
    await server.exited;
    const { deliveries } = await readRecords(database());
    expect(deliveries.map(({ id, bodySha256 }) => [id === first?.id, bodySha256 === null])).toEqual([
      [false, false],
      [true, true],
    ]);
  });
});

function requestOf({ headers, body }: typeof push): {
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
} {
  return { headers, body: new Uint8Array(body) };
}
