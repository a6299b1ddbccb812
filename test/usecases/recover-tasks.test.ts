import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Task } from "../../src/domain/task.ts";
import { createWorld, type World } from "../support/world.ts";

let world: World;
let dir: string;
afterEach(async () => {
  await world.close();
  await rm(dir, { recursive: true, force: true });
});

const settings = (onCrash: string): string => `
actions:
  deploy:
    workdir: .
    on_crash: ${onCrash}
    grace: 200ms
    steps:
      - { name: a, shell: echo do-a >> out, undo: { shell: echo undo-a >> out } }
      - { name: b, shell: echo do-b >> out, undo: { shell: echo undo-b >> out } }
`;

/** A world in which a server has just died: the task runs on record, its first step is done, its second under way. */
async function afterCrash(onCrash: string, attempts = 1): Promise<Task> {
  world = await createWorld({ settings: settings(onCrash) });
  dir = world.dir;
  const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
  const { store } = world.services;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1) await store.transition({ id, signal: { type: "requeue" }, reason: null, now: at(1) });
    await store.claimTasks({ node: "dead", labels: [], limit: 1, now: at(2) });
  }
  const step = { phase: "run", kind: "shell", exitCode: null, outputs: {}, startedAt: at(3) } as const;
  await store.putStep({
    taskId: id,
    step: { ...step, index: 0, name: "a", state: "succeeded", exitCode: 0, endedAt: at(4) },
  });
  await store.putStep({
    taskId: id,
    step: { ...step, index: 1, name: "b", state: "running", endedAt: null },
  });
  return world.app.getTask(id);
}

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const out = (): Promise<string> => readFile(join(dir, "out"), "utf8");

describe("after a crash", () => {
  it("ends what still ran as lost and undoes the steps that were done", async () => {
    const { id } = await afterCrash("lost");
    expect(await world.recover()).toBe(1);
    const task = await world.app.getTask(id);
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "lost" });
    expect(task.reason).toContain("died");
    expect(task.steps.filter(({ state }) => state === "running")).toEqual([]);
    expect(await out()).toBe("undo-a\n");
    expect(await world.recover()).toBe(0);
  });

  it("takes the task up again where the action says so", async () => {
    const { id } = await afterCrash("retry");
    await world.recover();
    expect(await world.app.getTask(id)).toMatchObject({ state: "ENQUEUED", attempt: 2, steps: [] });
    world.work();
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded", attempt: 2 });
    expect(await out()).toBe("do-a\ndo-b\n");
  });

  it("gives up a task that has taken the server down three times", async () => {
    const { id } = await afterCrash("retry", 3);
    await world.recover();
    expect(await world.app.getTask(id)).toMatchObject({ state: "CANCELLED", outcome: "lost", attempt: 3 });
  });

  it("goes on with the undos of a task that was being cancelled, leaving out those done", async () => {
    const { id } = await afterCrash("retry");
    const { store } = world.services;
    const undo = {
      phase: "undo",
      kind: "shell",
      exitCode: 0,
      outputs: {},
      startedAt: at(5),
      endedAt: at(6),
    } as const;
    const signal = { type: "stop", outcome: "cancelled" } as const;
    await store.transition({ id, signal, reason: "Cancelled by me", now: at(5) });
    await store.putStep({
      taskId: id,
      step: { ...undo, phase: "run", index: 1, name: "b", state: "succeeded" },
    });
    await store.putStep({ taskId: id, step: { ...undo, index: 1, name: "b", state: "succeeded" } });
    await world.recover();
    expect(await world.app.getTask(id)).toMatchObject({ outcome: "cancelled", reason: "Cancelled by me" });
    expect(await out()).toBe("undo-a\n");
  });

  it("ends the processes that the dead server left, by their mark", async () => {
    const { id } = await afterCrash("lost");
    const env = { ...process.env, HOOKWRIGHT_TASK_ID: id };
    const child = spawn("sh", ["-c", "trap '' TERM; while :; do sleep 1; done"], { env, detached: true });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => {
      child.on("exit", (_, signal) => resolve(signal));
    });
    await vi.waitUntil(async () => {
      const environ = await readFile(`/proc/${child.pid}/environ`, "utf8").catch(() => "");
      return environ.includes(id);
    });
    await world.recover();
    expect(await ended).toBe("SIGKILL");
    const entries = await world.lines(id);
    expect(entries.join("\n")).toMatch(/Ended \d left-over/);
  });

  it("runs a recovered task by the settings it was accepted under", async () => {
    const { id } = await afterCrash("lost");
    await world.configure(settings("lost").replace("echo undo-a >> out", "echo other >> out"));
    await world.recover();
    await world.ended(id);
    expect(await out()).toBe("undo-a\n");
  });
});
