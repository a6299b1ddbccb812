import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reviewFreezes } from "../../src/usecases/hold-keeper.ts";
import { containing } from "../support/like.ts";
import { githubPush } from "../support/push.ts";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const settings = (freeze: string) => `
freeze: ${freeze}
sources: { app: { kind: github, secret: "${SECRET}" } }
actions:
  deploy:
    workdir: .
    on: [{ source: app, event: push, branch: main }]
    steps: [{ run: [echo, deployed] }]
  newest:
    concurrency: { policy: supersede }
    workdir: .
    on: [{ source: app, event: push, branch: newest }]
    steps: [{ run: [echo, deployed] }]
  approved:
    approve: { expires: 30d }
    workdir: .
    on: [{ source: app, event: push, branch: approved }]
    steps: [{ run: [echo, deployed] }]
  rollback:
    workdir: .
    on: [{ source: app, event: push, branch: back }]
    steps: [{ run: [echo, rolled back] }]
`;
const WEEKEND = `[{ from: Fri 17:00, until: Mon 08:00, except: rollback, reason: the weekend }]`;
const SATURDAY = Date.UTC(2026, 10, 28, 12);
const MONDAY = Date.UTC(2026, 10, 30, 8);
const END = "2026-11-30T08:00:00.000Z";

let clock = SATURDAY;
let world: World;
const open = async (dir?: string): Promise<World> => {
  const opened = await createWorld({
    settings: settings(WEEKEND),
    now: () => new Date(clock),
    ...(dir !== undefined && { dir }),
  });
  opened.work();
  return opened;
};
beforeEach(async () => {
  clock = SATURDAY;
  world = await open();
});
afterEach(() => world.close());

let pushes = 0;
async function push(branch: string) {
  pushes += 1;
  const request = githubPush({ secret: SECRET, branch, message: `number ${pushes}` });
  const received = await world.app.receiveDelivery({ source: "app", request, remoteAddress: null });
  const [task] = received.tasks;
  if (task === undefined) throw new Error("nothing was started");
  return { ...task, deliveryId: received.deliveryId };
}
const approve = (id: string, overrideFreeze = false) =>
  world.app.approveTask({
    id,
    by: "token:bob",
    scopes: ["deploy"],
    decision: "approved",
    comment: null,
    overrideFreeze,
  });
const holdOf = async (id: string) => (await world.app.getTask(id)).hold;
const FROZEN = {
  type: "freeze",
  until: END,
  reason: `Waits for the end of the freeze until ${END} (the weekend)`,
};

describe("a task that a webhook starts in a freeze", () => {
  it("waits, says for what, and runs when the freeze is over", async () => {
    const { id, hold } = await push("main");
    expect(hold).toEqual(FROZEN);
    clock = MONDAY - 1;
    expect(await holdOf(id)).toEqual(FROZEN);
    clock = MONDAY;
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded", hold: null });
    expect((await world.lines(id))[0]).toBe("Nothing keeps it from starting any more");
  });

  it("waits through a restart", async () => {
    const { id } = await push("main");
    await world.abandon();
    world = await open(world.dir);
    expect(await holdOf(id)).toEqual(FROZEN);
    clock = MONDAY;
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
  });

  it("is in nobody's way, and can be cancelled", async () => {
    const { id } = await push("main");
    const other = await world.app.startAction({ action: "deploy", params: {}, by: "token:ann" });
    expect(await world.ended(other.id)).toMatchObject({ outcome: "succeeded" });
    await world.app.cancelTask({ id, by: "token:ann" });
    expect(await world.app.getTask(id)).toMatchObject({ state: "CANCELLED", hold: null });
  });

  it("starts at once when its action is an exception, or the freeze is over", async () => {
    expect((await push("back")).hold).toBeNull();
    clock = MONDAY;
    expect((await push("main")).hold).toBeNull();
  });

  it("is superseded by a newer one that waits as well, where its group says so", async () => {
    const first = await push("newest");
    const second = await push("newest");
    expect(await world.app.getTask(first.id)).toMatchObject({
      outcome: "superseded",
      reason: `Superseded by task ${second.id}`,
    });
    expect(await holdOf(second.id)).toEqual(FROZEN);
  });

  it("runs in the order in which they came, where they queue", async () => {
    const ids = [(await push("main")).id, (await push("main")).id, (await push("main")).id];
    clock = MONDAY;
    const starts: string[] = [];
    for (const id of ids) starts.push((await world.ended(id)).startedAt ?? "");
    const order = await world.services.store.listTasks({ action: "deploy", limit: 9 });
    expect(order.items.map(({ outcome }) => outcome)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(starts).toEqual(starts.toSorted());
  });

  it("goes on waiting, or starts, as changed settings say", async () => {
    const { id } = await push("main");
    await world.configure(settings("[{ from: Fri 17:00, until: Mon 10:00 }]"));
    await reviewFreezes(world.services);
    const later = "2026-11-30T10:00:00.000Z";
    expect(await holdOf(id)).toEqual({
      type: "freeze",
      until: later,
      reason: `Waits for the end of the freeze until ${later}`,
    });
    await world.configure(settings("[]"));
    await reviewFreezes(world.services);
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
  });

  it("is held again when another freeze has begun meanwhile", async () => {
    const { id } = await push("main");
    await world.configure(settings("[{ from: Fri 17:00, until: Tue 08:00 }]"));
    clock = MONDAY;
    await expect.poll(async () => (await holdOf(id))?.until).toBe("2026-12-01T08:00:00.000Z");
  });

  it("can be let start by somebody all the same", async () => {
    const { id } = await push("main");
    await expect(approve(id)).rejects.toMatchObject({
      code: "approval:not_needed",
      message: containing("can be overridden"),
    });
    await approve(id, true);
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
    expect((await world.lines(id))[0]).toBe("Let start in spite of the freeze by token:bob");
  });
});

describe("a task that a person starts in a freeze", () => {
  const NOTE = `Started in spite of the freeze until ${END} (the weekend)`;

  it("runs, and says so", async () => {
    const { id, hold, note } = await world.app.startAction({ action: "deploy", params: {}, by: "token:ann" });
    expect([hold, note]).toEqual([null, NOTE]);
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
    expect((await world.lines(id))[0]).toBe(NOTE);
  });

  it("by a retry or a replay: the same", async () => {
    const { id, deliveryId } = await push("main");
    await world.app.cancelTask({ id, by: "token:ann" });
    expect(await world.app.retryTask({ id, by: "token:ann" })).toMatchObject({ hold: null, note: NOTE });
    const replayed = await world.app.replayDelivery({ id: deliveryId, by: "token:ann", dryRun: false });
    expect(replayed.tasks).toMatchObject([{ hold: null, note: NOTE }]);
  });
});

describe("a task that needs approval, in a freeze", () => {
  it("waits for both", async () => {
    const { id, hold } = await push("approved");
    expect(hold?.type).toBe("approval");
    expect(await approve(id)).toMatchObject({ hold: FROZEN, approval: { decision: "approved" } });
    // A second approval by mistake must not end the freeze.
    await expect(approve(id)).rejects.toMatchObject({ code: "approval:decided" });
    clock = MONDAY;
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
  });

  it("starts at once when its approval says so, or a person has started it", async () => {
    const { id, deliveryId } = await push("approved");
    expect(await approve(id, true)).toMatchObject({ hold: null });
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
    const replayed = await world.app.replayDelivery({ id: deliveryId, by: "token:ann", dryRun: false });
    expect(await approve(replayed.tasks[0]?.id ?? "")).toMatchObject({ hold: null });
  });
});
