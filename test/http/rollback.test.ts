import { afterEach, describe, expect, it } from "vitest";
import {
  type Additions,
  PAT,
  type RollbackWorld,
  sha,
  startRollbackWorld,
} from "../support/rollback-world.ts";

let world: RollbackWorld;
afterEach(() => world.close());

const start = async (additions: Additions = {}): Promise<void> => {
  world = await startRollbackWorld(additions);
};

describe("a degraded application", () => {
  it("goes back to its last healthy revision", async () => {
    await start();
    expect(await world.report("Healthy", sha("a"))).toMatchObject({ status: 202, tasks: [] });
    expect(await world.report("Healthy", sha("b"))).toMatchObject({ status: 202, tasks: [] });
    expect(await world.report("Progressing", sha("f"))).toMatchObject({ status: 202, tasks: [] });
    const { status, tasks } = await world.report("Degraded", sha("f"));
    expect(status).toBe(202);
    const task = await world.server.ended(tasks[0]?.id ?? "");
    expect(task).toMatchObject({
      outcome: "succeeded",
      params: { app: "web", failed: sha("f"), healthy: sha("b") },
    });
    expect(world.github.dispatches).toMatchObject([
      {
        repository: "o/gitops",
        eventType: "argo-degraded",
        clientPayload: { failed_revision: sha("f"), healthy_revision: sha("b") },
      },
    ]);
    expect((await world.server.lines(task.id)).join("\n")).not.toContain(PAT);
  });

  it("goes back to what the sender names, in the shape that GitHub's event has", async () => {
    await start();
    const client_payload = { failed_revision: "abc123", healthy_revision: sha("e") };
    const { status, tasks } = await world.send({ event_type: "argo-degraded", client_payload });
    expect(status).toBe(202);
    expect(await world.server.ended(tasks[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
    expect(world.github.dispatches).toMatchObject([{ clientPayload: client_payload }]);
  });

  it("is told from other applications, and from the same one of another source", async () => {
    await start({ source: "}\n  other: { kind: argocd, unsafe_no_auth: true" });
    await world.report("Healthy", sha("a"), "web");
    await world.report("Healthy", sha("b"), "api");
    await world.send({ app: "web", status: "Healthy", revision: sha("c") }, "/hooks/other");
    expect(await world.rollBack(sha("f"), "web")).toBe(sha("a"));
    expect(await world.rollBack(sha("f"), "api")).toBe(sha("b"));
  });

  it("with no healthy revision known is answered 409, and stored with the reason", async () => {
    await start();
    const refused = await world.report("Degraded", sha("f"));
    expect(refused).toMatchObject({ status: 409, code: "rollback:no_healthy_revision" });
    const stored = await world.server.client.getDelivery(refused.delivery_id ?? "");
    expect(stored).toMatchObject({ verdict: "rejected", tasks: [] });
    expect(stored.reason).toContain("No healthy revision of the application is known yet");
    // It is not held against the application once one is known.
    await world.report("Healthy", sha("a"));
    expect(await world.rollBack(sha("f"))).toBe(sha("a"));
  });

  it("can be replayed after the refusal, and after a rollback that is wanted once more", async () => {
    await start();
    const refused = await world.report("Degraded", sha("f"));
    await world.report("Healthy", sha("a"));
    for (const count of [1, 2]) {
      const replayed = await world.server.client.replayDelivery(refused.delivery_id ?? "", {});
      expect(await world.server.ended(replayed.tasks[0]?.id ?? "")).toMatchObject({
        params: { healthy: sha("a") },
      });
      expect(world.github.dispatches).toHaveLength(count);
    }
  });

  it("shows its revisions to templates, and explains itself", async () => {
    await start({
      actions: `
  tell:
    on: [{ source: argo, event: health, when: "event.status == 'Degraded'" }]
    steps: [{ run: [echo, "\${{ event.health.app }} from \${{ event.health.revision }} to \${{ event.health.healthy_revision }}"] }]`,
    });
    await world.report("Healthy", sha("a"));
    const { delivery = "", tasks } = await world.report("Degraded", sha("f"));
    const told = await Promise.all(
      tasks.map(async ({ id }) => (await world.server.ended(id), world.server.lines(id))),
    );
    expect(told.flat()).toContain(`web from ${sha("f")} to ${sha("a")}`);
    const { event } = await world.server.client.explainDelivery(delivery);
    expect(event?.health).toEqual({
      app: "web",
      revision: sha("f"),
      healthy_revision: sha("a"),
      refusal: null,
    });
  });
});

describe("GitHub's refusal", () => {
  it("ends the task as failed with GitHub's message; a retry works", async () => {
    await start();
    await world.report("Healthy", sha("a"));
    world.github.faults.push({ status: 404, message: "Not Found" });
    const { tasks } = await world.report("Degraded", sha("f"));
    const task = await world.server.ended(tasks[0]?.id ?? "");
    expect(task).toMatchObject({ state: "CANCELLED", outcome: "failed" });
    expect(task.reason).toMatch(/Step dispatch failed: GitHub answered 404: Not Found/);
    const retried = await world.server.client.retryTask(task.id);
    expect(await world.server.ended(retried.id)).toMatchObject({ outcome: "succeeded" });
    expect(world.github.dispatches).toHaveLength(1);
  });

  it("is no step back: the next failure goes to the same revision", async () => {
    await start();
    await world.report("Healthy", sha("a"));
    await world.report("Healthy", sha("b"));
    world.github.faults.push({ status: 401, message: "Bad credentials" });
    const { tasks } = await world.report("Degraded", sha("e"));
    expect(await world.server.ended(tasks[0]?.id ?? "")).toMatchObject({ outcome: "failed" });
    expect(await world.rollBack(sha("f"))).toBe(sha("b"));
  });
});
