import { afterEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { githubPush, type PushOptions } from "../support/push.ts";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  app: { kind: github, secrets: ["${SECRET}", "an-older-secret-still-live"] }
actions:
  deploy:
    workdir: .
    params: { sha: { pattern: "^[0-9a-f]{40}$" } }
    on: [{ source: app, event: push, branch: [main], with: { sha: event.commit.sha } }]
    steps: [{ shell: "true" }]
`;

let world: World;
afterEach(() => world.close());

const open = async (settings = SETTINGS): Promise<void> => {
  world = await createWorld({ settings });
};

const receive = (options: Partial<PushOptions> = {}) =>
  world.app.receiveDelivery({
    source: "app",
    request: githubPush({ secret: SECRET, ...options }),
    remoteAddress: "192.0.2.1",
  });

const deliveries = async () => (await world.app.listDeliveries({ limit: 100 })).items;

describe("receiving a delivery", () => {
  it("stores it with its tasks and says what was started", async () => {
    await open();
    const received = await receive({ id: "one", sha: "a".repeat(40) });
    expect(received).toMatchObject({ duplicate: false, ping: false, event: { name: "push" } });
    const [task] = received.tasks;
    expect(task).toMatchObject({ action: "deploy", state: "ENQUEUED" });
    expect(await world.app.getTask(task?.id ?? "")).toMatchObject({
      params: { sha: "a".repeat(40) },
      deliveryId: received.deliveryId,
    });
    expect(await world.app.getDelivery(received.deliveryId)).toMatchObject({
      source: "app",
      senderId: "one",
      event: "push",
      verdict: "accepted",
      remoteAddress: "192.0.2.1",
    });
  });

  it("keeps the exact bytes and no header that could carry a secret", async () => {
    await open();
    const request = githubPush({ secret: SECRET });
    request.headers["authorization"] = "Bearer not-to-be-stored";
    const { deliveryId } = await world.app.receiveDelivery({
      source: "app",
      request,
      remoteAddress: null,
    });
    expect(await world.app.getDeliveryBody(deliveryId)).toEqual(request.body);
    const { headers } = await world.app.getDelivery(deliveryId);
    expect(headers).toMatchObject({ "x-github-event": "push" });
    expect(JSON.stringify(headers)).not.toMatch(/sha256=|not-to-be-stored/);
  });

  it("answers a repeated delivery id as the first and starts nothing", async () => {
    await open();
    const first = await receive({ id: "same" });
    const second = await receive({ id: "same" });
    expect(second).toMatchObject({
      duplicate: true,
      deliveryId: first.deliveryId,
      tasks: [{ id: first.tasks[0]?.id }],
    });
    expect(await deliveries()).toHaveLength(1);
    expect((await world.app.listTasks({ limit: 10 })).items).toHaveLength(1);
  });

  it("notices the same signed bytes under another delivery id", async () => {
    await open();
    const first = await receive({ id: "first" });
    const replayed = await receive({ id: "forged" });
    expect(replayed).toMatchObject({ duplicate: true, deliveryId: first.deliveryId });
  });

  it("lets the same bytes pass again once the window is over", async () => {
    await open(`server: { replay_window: 0s }\n${SETTINGS}`);
    await receive({ id: "first" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await receive({ id: "second" })).toMatchObject({ duplicate: false });
  });

  it.each([
    ["a wrong signature", { secret: "wrong" }, "signature:invalid"],
    ["an empty secret's signature", { secret: "x" }, "signature:invalid"],
  ])("refuses %s and stores nothing but a counter", async (_, options, code) => {
    await open();
    await expect(receive(options)).rejects.toMatchObject({ code, status: 401 });
    expect(await deliveries()).toEqual([]);
    expect(await world.app.counters()).toEqual([{ name: code, source: "app", value: 1 }]);
  });

  it("takes every live secret, for rotation", async () => {
    await open();
    expect(await receive({ secret: "an-older-secret-still-live" })).toMatchObject({ duplicate: false });
  });

  it("refuses a request without a signature", async () => {
    await open();
    const request = githubPush({ secret: SECRET });
    delete request.headers["x-hub-signature-256"];
    const input = { source: "app", request, remoteAddress: null };
    await expect(world.app.receiveDelivery(input)).rejects.toMatchObject({ code: "signature:missing" });
  });

  it("stores a malformed body as rejected, with its reason, each time it comes", async () => {
    await open();
    const receiving = receive({ id: "bad", body: '{"ref": ' });
    await expect(receiving).rejects.toMatchObject({ code: "body:malformed", status: 400 });
    const again = await receive({ id: "bad", body: '{"ref": ' }).catch((error: unknown) => error);
    const [stored, ...others] = await deliveries();
    expect(others).toEqual([]);
    expect(stored).toMatchObject({ verdict: "rejected" });
    expect(stored?.reason).toMatch(/JSON/);
    expect(again instanceof AppError && again.details["delivery_id"]).toBe(stored?.id);
    await expect(
      world.app.replayDelivery({ id: stored?.id ?? "", by: "me", dryRun: false }),
    ).rejects.toMatchObject({ code: "delivery:not_replayable" });
  });

  it.each([
    ["names no event", "", 0],
    ["names another event", ", event: push", 0],
    ["asks for it", ", event: [push, ping]", 1],
  ])("answers a ping, and starts only what %s", async (_title, event, count) => {
    const on = `on: [{ source: app${event} }]`;
    await open(SETTINGS.replace(/params: .*/, "").replace(/on: .*/, on));
    const body = JSON.stringify({ zen: "Keep it.", hook_id: 1 });
    const received = await receive({ event: "ping", body });
    expect(received.ping).toBe(true);
    expect(received.tasks).toHaveLength(count);
  });

  it("says why nothing was started", async () => {
    await open();
    const received = await receive({ branch: "feature/x" });
    expect(received.tasks).toEqual([]);
    expect(received.reasons).toMatchObject([{ action: "deploy", rule: 0, matched: false, failed: "branch" }]);
    const explained = await world.app.explainDelivery(received.deliveryId);
    expect(explained.event?.branch).toBe("feature/x");
    expect(explained.reasons).toEqual(received.reasons);
  });

  it("claims nothing when the store fails", async () => {
    world = await createWorld({
      settings: SETTINGS,
      store: (store) => ({
        ...store,
        storeDelivery: () => Promise.reject(new AppError("store:unavailable")),
      }),
    });
    await expect(receive()).rejects.toMatchObject({ code: "store:unavailable", status: 503 });
    expect(await deliveries()).toEqual([]);
  });

  it("loses none of many at once", async () => {
    await open();
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => receive({ sha: (i + 1).toString(16).padStart(40, "0") })),
    );
    expect(new Set(results.map(({ deliveryId }) => deliveryId)).size).toBe(200);
    const page = await world.app.listTasks({ limit: 500 });
    expect(page.items).toHaveLength(200);
  });
});

describe("replaying a delivery", () => {
  it("stores a new one, linked to the first, and starts what it matches now", async () => {
    await open();
    const { deliveryId: original } = await receive({ branch: "other" });
    await world.configure(SETTINGS.replace("[main]", "[main, other]"));
    const replayed = await world.app.replayDelivery({ id: original, by: "me", dryRun: false });
    expect(replayed.deliveryId).not.toBe(original);
    expect(replayed.tasks).toMatchObject([{ action: "deploy" }]);
    expect(await world.app.getDelivery(replayed.deliveryId)).toMatchObject({ replayOf: original });
    const third = await world.app.replayDelivery({ id: original, by: "me", dryRun: false });
    expect(third.duplicate).toBe(false);
  });

  it("only says what would be started, when asked to", async () => {
    await open();
    const { deliveryId } = await receive();
    const planned = await world.app.replayDelivery({ id: deliveryId, by: "me", dryRun: true });
    expect(planned.reasons).toMatchObject([{ action: "deploy", matched: true }]);
    expect(await deliveries()).toHaveLength(1);
  });
});

describe("retrying a task", () => {
  it("starts a new task with the same params, once the first has ended", async () => {
    await open();
    const { tasks } = await receive({ sha: "b".repeat(40) });
    const id = tasks[0]?.id ?? "";
    await expect(world.app.retryTask({ id, by: "me" })).rejects.toMatchObject({ code: "task:not_retryable" });
    world.work();
    await world.ended(id);
    const retried = await world.app.retryTask({ id, by: "me" });
    expect(await world.ended(retried.id)).toMatchObject({
      params: { sha: "b".repeat(40) },
      startedBy: { type: "retry", taskId: id, by: "me" },
    });
  });
});

describe("starting an action by hand", () => {
  it("checks its params and plans without storing", async () => {
    await open();
    const planned = world.app.planAction({ action: "deploy", params: { sha: "c".repeat(40) } });
    expect(planned.steps).toHaveLength(1);
    expect((await world.app.listTasks({ limit: 10 })).items).toEqual([]);
    expect(() => world.app.planAction({ action: "deploy", params: { sha: "$(x)" } })).toThrow(/sha/);
    expect(() => world.app.planAction({ action: "deplyo", params: {} })).toThrow(/did you mean deploy/);
  });
});
