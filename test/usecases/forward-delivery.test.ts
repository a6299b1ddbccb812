import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { QueuedDelivery } from "../../src/storage/store.ts";
import { forwardDelivery } from "../../src/usecases/forward-delivery.ts";
import { githubPush } from "../support/push.ts";
import { aDelivery, at, type DeliveryInput } from "../support/store.ts";
import { createWorld, type World } from "../support/world.ts";

const SECRET = "a-long-enough-secret";
const SETTINGS = `
sources: { app: { kind: github, secrets: [${SECRET}] } }
actions:
  deploy:
    on: [{ source: app, event: push }]
    steps: [{ run: [echo, hi] }]
`;

let world: World;
beforeEach(async () => {
  world = await createWorld({ settings: SETTINGS });
});
afterEach(() => world.close());

/** A push as it waits on a receiver. */
function queued(change: DeliveryInput = {}): { input: QueuedDelivery; body: Buffer } {
  const { headers, body } = githubPush({ secret: SECRET });
  const given = { headers, body, receivedAt: at(5), senderId: "sender-1", ...change };
  const { delivery, fingerprint } = aDelivery(given);
  return { input: { seq: 1, delivery, fingerprint }, body: given.body };
}

const forward = ({ input, body }: ReturnType<typeof queued>): Promise<void> =>
  forwardDelivery(world.services, input, body);
const tasks = async () => (await world.app.listTasks({ limit: 50 })).items;

describe("a delivery that has waited", () => {
  it("is stored under the id that its sender was told, with the time it came, and starts its tasks", async () => {
    const kept = queued();
    const { id } = kept.input.delivery;
    await forward(kept);
    expect(await world.app.getDelivery(id)).toMatchObject({
      ...kept.input.delivery,
      tasks: [{ action: "deploy", state: "ENQUEUED" }],
    });
    expect((await world.app.getDeliveryBody(id)).equals(kept.body)).toBe(true);
  });

  it("is stored once, however often it is handed on", async () => {
    const kept = queued({ senderId: null });
    await Promise.allSettled([forward(kept), forward(kept), forward(kept)]);
    await forward(kept);
    expect((await world.app.listDeliveries({ limit: 50 })).items).toHaveLength(1);
    expect(await tasks()).toHaveLength(1);
  });

  it("starts nothing when its sender has sent it to another receiver meanwhile", async () => {
    await forward(queued());
    await forward(queued());
    expect((await world.app.listDeliveries({ limit: 50 })).items).toHaveLength(1);
    expect(await tasks()).toHaveLength(1);
  });

  it("goes by the settings as they are now", async () => {
    await world.configure(SETTINGS.replace("event: push", "event: push, branch: other"));
    const kept = queued();
    await forward(kept);
    expect(await world.app.getDelivery(kept.input.delivery.id)).toMatchObject({
      verdict: "accepted",
      tasks: [],
    });
  });

  it.each([
    ["was malformed", {}, { verdict: "rejected", reason: "no JSON", body: Buffer.from("{") } as const],
    ["is of a source that is gone", { app: "gone" }, {}],
  ])("that %s is on record as rejected", async (_, renamed, change) => {
    if ("app" in renamed) await world.configure(SETTINGS.replaceAll("app", renamed.app));
    const kept = queued(change);
    await forward(kept);
    const stored = await world.app.getDelivery(kept.input.delivery.id);
    expect(stored).toMatchObject({ verdict: "rejected", tasks: [] });
    expect(stored.reason).toMatch(/no JSON|no source app any more/);
  });
});
