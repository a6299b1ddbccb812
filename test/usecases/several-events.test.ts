import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { push, tagged, updated } from "../sources/fixtures/bitbucket.ts";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources:
  app: { kind: bitbucket, secrets: ["${SECRET}"] }
actions:
  deploy:
    workdir: .
    params: { what: {} }
    on:
      - { source: app, event: push, branch: ["release/*"], with: { what: event.branch } }
      - { source: app, event: tag, with: { what: event.tag } }
    steps:
      - run: [echo, "\${{ params.what }} is \${{ event.ref }}"]
`;

let world: World;
beforeEach(async () => {
  world = await createWorld({ settings: SETTINGS });
  world.work();
});
afterEach(() => world.close());

function receive(...changes: readonly object[]) {
  const body = Buffer.from(JSON.stringify(push(...changes)));
  const signature = createHmac("sha256", SECRET).update(body).digest("hex");
  const headers = { "x-event-key": "repo:push", "x-hub-signature": `sha256=${signature}` };
  return world.app.receiveDelivery({ source: "app", request: { headers, body }, remoteAddress: null });
}

/** What a task printed. */
async function printed(id: string): Promise<string> {
  expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
  return (await world.lines(id)).join("\n");
}

describe("a delivery of several events", () => {
  it("starts what each of them starts, and each task sees its own", async () => {
    const { tasks, duplicate } = await receive(updated, tagged);
    expect(duplicate).toBe(false);
    expect(tasks.map(({ action }) => action)).toEqual(["deploy", "deploy"]);
    const [first, second] = tasks.map(({ id }) => id);
    expect(await printed(first ?? "")).toContain("release/1.0 is refs/heads/release/1.0");
    expect(await printed(second ?? "")).toContain("v1.0 is refs/tags/v1.0");
  });

  it("comes again as one", async () => {
    const first = await receive(updated, tagged);
    expect(await receive(updated, tagged)).toMatchObject({
      duplicate: true,
      deliveryId: first.deliveryId,
      tasks: [{ id: first.tasks[0]?.id }, { id: first.tasks[1]?.id }],
    });
  });

  it("is replayed whole, and a task of it retried with its own event", async () => {
    const { deliveryId, tasks } = await receive(updated, tagged);
    const replay = { id: deliveryId, by: "test" };
    const plan = await world.app.replayDelivery({ ...replay, dryRun: true });
    expect(plan.reasons.filter(({ matched }) => matched)).toHaveLength(2);
    const replayed = await world.app.replayDelivery({ ...replay, dryRun: false });
    expect(await printed(replayed.tasks[1]?.id ?? "")).toContain("v1.0 is refs/tags/v1.0");
    await world.ended(tasks[1]?.id ?? "");
    const retried = await world.app.retryTask({ id: tasks[1]?.id ?? "", by: "test" });
    expect(await printed(retried.id)).toContain("v1.0 is refs/tags/v1.0");
  });

  it("is explained ref by ref", async () => {
    const { deliveryId } = await receive(updated, tagged);
    const { reasons } = await world.app.explainDelivery(deliveryId);
    expect(reasons.map(({ rule, matched }) => [rule, matched])).toEqual([
      [0, true],
      [1, false],
      [0, false],
      [1, true],
    ]);
    expect(reasons[3]?.explanation).toBe("refs/tags/v1.0: All tests of the rule hold");
  });
});
