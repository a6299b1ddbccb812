import { spawn } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { nodeName } from "../../src/domain/node.ts";
import { ownIdentity } from "../../src/lib/processes/orphaned-launchers.ts";
import { readProcess } from "../../src/lib/processes/proc.ts";
import { endLeftBehind } from "../../src/usecases/end-left-behind.ts";
import { createWorld, type World } from "../support/world.ts";

const SETTINGS = `
actions:
  ok: { workdir: ., steps: [{ shell: "true" }] }
  bad: { workdir: ., steps: [{ shell: "false" }] }
`;
/** No process has this pid and start time: pid 1 started with the machine. */
const DEAD = "1@999999999999";

let world: World;
let pids: number[] = [];
beforeEach(async () => {
  world = await createWorld({ settings: SETTINGS });
});
afterEach(async () => {
  for (const pid of pids) if (readProcess(pid) !== null) process.kill(pid, "SIGKILL");
  pids = [];
  await world.close();
});

async function endedTask(action: string): Promise<string> {
  world.work();
  const { id } = await world.app.startAction({ action, params: {}, by: "test" });
  await world.ended(id);
  return id;
}

/** A command of a task, as a server has started it. */
async function leftBehind(server: string, task: string): Promise<number> {
  const run = `${server}/${task}`;
  const { pid = 0 } = spawn("/bin/sleep", ["1000"], {
    env: { HOOKWRIGHT_RUN_ID: run },
    detached: true,
    stdio: "ignore",
  });
  pids.push(pid);
  return vi.waitUntil(() => readProcess(pid)?.pid);
}

const lives = (pid: number): boolean => readProcess(pid) !== null;

describe("what a task of a dead server still runs on this machine", () => {
  it("is ended when the task has failed meanwhile, wherever", async () => {
    const pid = await leftBehind(DEAD, await endedTask("bad"));
    await endLeftBehind(world.services);
    expect(lives(pid)).toBe(false);
  });

  it("is ended when the task has succeeded on another machine", async () => {
    const id = await endedTask("ok");
    const pid = await leftBehind(DEAD, id);
    const elsewhere = { ...world.services, node: `another-${world.services.node}` };
    expect(nodeName(elsewhere.node)).not.toBe(nodeName(world.services.node));
    await endLeftBehind(elsewhere);
    expect(lives(pid)).toBe(false);
  });

  it("is ended while another machine runs the task", async () => {
    const { id } = await world.app.startAction({ action: "ok", params: {}, by: "test" });
    const pid = await leftBehind(DEAD, id);
    await endLeftBehind(world.services);
    expect(lives(pid)).toBe(false);
  });

  it("is left when the task has succeeded here: it may be there on purpose", async () => {
    const pid = await leftBehind(DEAD, await endedTask("ok"));
    await endLeftBehind(world.services);
    expect(lives(pid)).toBe(true);
  });

  it("is left when nobody knows the task any more", async () => {
    const pid = await leftBehind(DEAD, "01a21009-5436-7000-96e4-2e23302d3cff");
    await endLeftBehind(world.services);
    expect(lives(pid)).toBe(true);
  });

  it("is left when its server lives", async () => {
    const pid = await leftBehind(ownIdentity(), await endedTask("bad"));
    await endLeftBehind(world.services);
    expect(lives(pid)).toBe(true);
  });

  it("is left to the next server when this one ends while the store is away", async () => {
    const pid = await leftBehind(DEAD, await endedTask("bad"));
    const asked = Promise.withResolvers<void>();
    const store = {
      ...world.services.store,
      getTask: () => {
        asked.resolve();
        return Promise.reject(new AppError("store:unavailable"));
      },
    };
    const ending = new AbortController();
    const looked = endLeftBehind({ ...world.services, store }, ending.signal);
    await asked.promise;
    ending.abort();
    await looked;
    expect(lives(pid)).toBe(true);
  });
});
