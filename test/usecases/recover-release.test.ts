import { mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { nodeId } from "../../src/domain/node.ts";
import { newId } from "../../src/lib/ids.ts";
import { switchCurrent } from "../../src/lib/releases/folders.ts";
import { startApp, stopApp } from "../../src/lib/supervise/control.ts";
import { freePort } from "../support/free-port.ts";
import { createWorld, type World } from "../support/world.ts";

const COMMAND = `runtime: command
          restart: [sh, -c, "echo $HOOKWRIGHT_RELEASE >> ../../../restarts"]`;
const settings = (onCrash = "lost", runtime = COMMAND): string => `
actions:
  deploy:
    workdir: .
    on_crash: ${onCrash}
    steps:
      - release:
          app: web
          dir: app
          from: source
          ${runtime}
`;
const NAME = "web-1";
const LEFT = "20260101T000000Z-aaaaaa";
const AT = "2026-01-01T00:00:00.000Z";

let world: World;
afterEach(() => world.close());

const app = (): string => join(world.dir, "app");
const current = async (): Promise<string> =>
  (await readlink(join(app(), "current"))).replace("releases/", "");
const restarts = async (): Promise<string[]> =>
  (await readFile(join(world.dir, "restarts"), "utf8")).trim().split("\n");
const states = async (): Promise<unknown[]> =>
  (await world.app.listReleases({ app: "web" })).map(({ id, state }) => (id === LEFT ? state : id));

/** One release that is well, if asked for, and then a server that dies while it makes the next one. */
async function crash({
  first = true,
  switched = true,
  onCrash = "lost",
  machine = NAME,
  runtime = COMMAND,
} = {}) {
  world = await createWorld({ settings: settings(onCrash, runtime), name: NAME });
  const { store } = world.services;
  await mkdir(join(world.dir, "source"));
  await writeFile(join(world.dir, "source/version"), "one");
  let before: string | null = null;
  if (first) {
    world.work();
    const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
    await world.ended(id);
    before = await current();
    world.queue.stop();
  }
  const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
  await store.claimTasks({ node: nodeId(machine, newId()), labels: [], limit: 1, now: AT });
  const step = { index: 0, phase: "run", name: "release", kind: "release", exitCode: null } as const;
  const running = { ...step, state: "running", outputs: {}, startedAt: AT, endedAt: null } as const;
  await store.putStep({ taskId: id, step: running });
  const release = { app: "web", id: LEFT, dir: app(), commit: null, taskId: id, action: "deploy", step: 0 };
  const preparing = {
    ...release,
    node: machine,
    state: "preparing",
    createdAt: AT,
    activatedAt: null,
  } as const;
  await store.putRelease(preparing);
  await mkdir(join(app(), "releases", LEFT), { recursive: true });
  if (switched) await switchCurrent(app(), LEFT);
  return { id, before };
}

describe("a release that was being put in use when the server died", () => {
  it("is gone back from by the next server, to what was in use before", async () => {
    const { id, before } = await crash();
    await world.recover();
    expect(await world.app.getTask(id)).toMatchObject({ outcome: "lost" });
    expect(await current()).toBe(before);
    expect(await restarts()).toEqual([before, before]);
    expect(await readdir(join(app(), "releases"))).toEqual([before]);
    expect(new Set(await states())).toEqual(new Set([before, "failed"]));
    const lines = (await world.lines(id)).join("\n");
    expect(lines).toContain(`The server died while web was changed: it is back at ${before}`);
    expect(lines).toContain(`The release ${LEFT} was left unfinished by the server that died`);
  });

  it("leaves nothing in use where there was nothing before", async () => {
    await crash({ first: false });
    await world.recover();
    expect(await readdir(app())).toEqual(["releases"]);
    expect(await states()).toEqual(["failed"]);
  });

  it("touches no app that had not been changed yet", async () => {
    const { before } = await crash({ switched: false });
    await world.recover();
    expect(await current()).toBe(before);
    expect(await restarts()).toEqual([before]);
    expect(await readdir(join(app(), "releases"))).toEqual([before]);
  });

  it("is left to the task itself where that is run again", async () => {
    const { id } = await crash({ first: false, onCrash: "retry" });
    await world.recover();
    expect(await current()).toBe(LEFT);
    world.work();
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
    expect(await current()).not.toBe(LEFT);
    expect(await states()).toContain("failed");
  });

  it("is left alone by another machine", async () => {
    const { id } = await crash({ first: false, machine: "web-2" });
    await world.recover();
    expect(await world.app.getTask(id)).toMatchObject({ outcome: "lost" });
    expect(await current()).toBe(LEFT);
    expect(await states()).toEqual(["preparing"]);
  });

  it("on the one port of an app that Hookwright keeps running makes room for the one before", async () => {
    const port = await freePort();
    const answer =
      "require('http').createServer((q, r) => r.end(process.env.HOOKWRIGHT_RELEASE)).listen(process.env.PORT)";
    const runtime = `runtime: process
          run: [node, -e, "${answer}"]
          ports: [${port}]`;
    const { id, before } = await crash({ switched: false, runtime });
    const folder = join(app(), "releases", LEFT);
    const spec = {
      release: LEFT,
      argv: ["sleep", "1000"],
      cwd: folder,
      env: {},
      port,
      graceMs: 100,
    } as const;
    await startApp(app(), { ...spec, argv: ["/bin/sleep", "1000"], log: join(app(), "log", `${port}.log`) });
    try {
      await world.recover();
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(before);
      expect((await world.lines(id)).join("\n")).toContain(`it is back at ${before}`);
    } finally {
      await stopApp(app(), port);
    }
  });
});
