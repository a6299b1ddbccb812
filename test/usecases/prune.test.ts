import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Pruned } from "../../src/usecases/app.ts";
import { keepRetention } from "../../src/usecases/keep-retention.ts";
import { githubPush } from "../support/push.ts";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const DAY_MS = 24 * 60 * 60 * 1_000;
const settingsWith = (retention: string): string => `
retention: ${retention}
sources: { app: { kind: github, secrets: [${SECRET}] } }
actions:
  deploy:
    on: [{ source: app, event: push }]
    concurrency: { policy: parallel }
    steps: [{ run: [echo, "\${{ event.commit.sha }}"] }]
  stuck:
    on: [{ source: app, event: push, branch: stuck }]
    runs_on: [nowhere]
    concurrency: { policy: parallel }
    steps: [{ run: [echo, waits] }]
`;

let world: World;
let now: Date;
beforeEach(async () => {
  now = new Date("2026-01-01T00:00:00Z");
  world = await createWorld({ settings: settingsWith("{}"), now: () => now });
  world.work();
});
afterEach(() => world.close());

const pass = (days: number): void => {
  now = new Date(now.getTime() + days * DAY_MS);
};

async function push(branch = "main"): Promise<{ delivery: string; tasks: string[] }> {
  const request = { ...githubPush({ secret: SECRET, branch, message: randomUUID() }), pathSecret: null };
  const { deliveryId, tasks } = await world.app.receiveDelivery({
    source: "app",
    request,
    remoteAddress: null,
  });
  const ids = tasks.map(({ id }) => id);
  await Promise.all(tasks.filter(({ action }) => action === "deploy").map(({ id }) => world.ended(id)));
  return { delivery: deliveryId, tasks: ids };
}

/** All of it, in as many calls as it takes. */
async function prune(dryRun = false): Promise<Omit<Pruned, "next" | "busy">> {
  const total = { bodies: 0, bytes: 0, logEntries: 0, tasks: 0, deliveries: 0, auditEvents: 0 };
  for (let from: string | null = null; ;) {
    const { next, busy, ...part } = await world.app.prune({ by: "test", dryRun, from });
    expect(busy).toBe(false);
    for (const key of ["bodies", "bytes", "logEntries", "tasks", "deliveries", "auditEvents"] as const)
      total[key] += part[key];
    if (next === null) return total;
    from = next;
  }
}

describe("pruning", () => {
  it("removes bodies and logs first, deliveries and tasks later, by default", async () => {
    const { delivery, tasks } = await push();
    pass(29);
    expect(await prune()).toMatchObject({ bodies: 0, logEntries: 0, tasks: 0, deliveries: 0 });
    pass(2);
    expect(await prune(true)).toMatchObject({ bodies: 1, tasks: 0, deliveries: 0 });
    expect(await prune()).toMatchObject({ bodies: 1, tasks: 0, deliveries: 0 });
    expect(await world.lines(tasks[0] ?? "")).toEqual([]);
    expect(await world.app.getTask(tasks[0] ?? "")).toMatchObject({ outcome: "succeeded" });
    await expect(world.app.getDeliveryBody(delivery)).rejects.toMatchObject({
      code: "delivery:no_body",
      status: 410,
    });
    await expect(world.app.replayDelivery({ id: delivery, by: "test", dryRun: false })).rejects.toMatchObject(
      { code: "delivery:no_body" },
    );
    expect(await world.app.getDelivery(delivery)).toMatchObject({ id: delivery });
    pass(60);
    expect(await prune()).toMatchObject({ bodies: 0, tasks: 1, deliveries: 1 });
    await expect(world.app.getDelivery(delivery)).rejects.toMatchObject({ code: "delivery:not_found" });
    await expect(world.app.getDeliveryBody(delivery)).rejects.toMatchObject({ code: "delivery:not_found" });
  });

  it("leaves what a waiting task needs, however long it waits", async () => {
    const { delivery, tasks } = await push("stuck");
    pass(1_000);
    expect(await prune()).toMatchObject({ bodies: 0, tasks: 1, deliveries: 0 });
    expect(await world.app.getTask(tasks[1] ?? "")).toMatchObject({ state: "ENQUEUED" });
    expect((await world.app.getDeliveryBody(delivery)).length).toBeGreaterThan(100);
  });

  it("removes nothing that is to be kept for ever, and still makes room", async () => {
    const forever = "bodies: forever, deliveries: forever, logs: forever, tasks: forever";
    await world.configure(settingsWith(`{ ${forever} }`));
    await push();
    pass(10_000);
    expect(await prune()).toMatchObject({ bodies: 0, logEntries: 0, tasks: 0, deliveries: 0 });
    const { delivery } = await push();
    const size = (await world.app.getDeliveryBody(delivery)).length;
    await world.configure(settingsWith(`{ ${forever}, max_size: ${size + 10}B }`));
    expect(await prune()).toMatchObject({ bodies: 1, bytes: size, tasks: 0, deliveries: 0 });
    expect((await world.app.getDeliveryBody(delivery)).length).toBe(size);
  });

  it("goes on where the last call ended, in as many as it takes", async () => {
    for (let index = 0; index < 3; index += 1) await push();
    pass(100);
    const from = `tasks:0:0`;
    expect(await world.app.prune({ by: "test", dryRun: false, from })).toMatchObject({
      bodies: 0,
      tasks: 3,
      next: null,
    });
    await expect(world.app.prune({ by: "test", dryRun: false, from: "tasks:-1:x" })).rejects.toMatchObject({
      code: "request:invalid",
    });
  });

  it("is done by a server now and then, and by one at a time", async () => {
    const { delivery } = await push();
    pass(100);
    const stop = keepRetention(world.services, { firstMs: 1, everyMs: 1 });
    await vi.waitFor(async () => expect(await world.services.store.getDelivery(delivery)).toBeNull(), {
      timeout: 10_000,
    });
    stop();
  });
});
