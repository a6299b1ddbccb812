import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { revisionRollbackSchema } from "../../../src/client/schemas.ts";
import { problemOf } from "../../support/problems.ts";
import { type RollbackWorld, sha, startRollbackWorld } from "../../support/rollback-world.ts";

const [A, B, C, F] = [sha("a"), sha("b"), sha("c"), sha("f")];
let world: RollbackWorld;
beforeEach(async () => {
  world = await startRollbackWorld({
    actions: `
  rollback-refused:
    on: [{ source: argo, event: health, when: event.health.refusal != null }]
    steps: [{ run: [echo, refused] }]`,
  });
});
afterEach(() => world.close());

const healthy = async (...revisions: string[]): Promise<void> => {
  for (const revision of revisions) await world.report("Healthy", revision);
};
const ask = (json: object) => world.server.api("/revisions/rollback", { json: { app: "web", ...json } });
/** Rolls back by hand, waits for the end, and tells what was answered. */
async function rollBack(json: object = {}) {
  const response = await ask(json);
  expect(response.status).toBe(202);
  const rollback = revisionRollbackSchema.parse(await response.json());
  for (const { id } of rollback.tasks) expect((await world.server.ended(id)).outcome).toBe("succeeded");
  return rollback;
}
const refusal = async (json: object = {}) => (await problemOf(await ask(json))).code;
const sent = () => world.github.dispatches.map(({ clientPayload }) => clientPayload);

describe("a rollback by hand", () => {
  it("goes to the last healthy revision before the current one, by the action that Argo CD starts", async () => {
    await healthy(A, B, C);
    const rollback = await rollBack({ reason: "customers complain" });
    expect(rollback).toMatchObject({ source: "argo", app: "web", from: C, to: B, actions: ["rollback"] });
    expect(sent()).toEqual([{ failed_revision: C, healthy_revision: B }]);
    const [task] = rollback.tasks;
    const lines = await world.server.lines(task?.id ?? "");
    expect(lines[0]).toMatch(/^Rolled back by token:local\S*: customers complain$/);
    expect(await world.server.client.getTask(task?.id ?? "")).toMatchObject({
      started_by: { type: "delivery", delivery_id: rollback.delivery },
    });
  });

  it("goes to the revision that is given, its beginning being enough", async () => {
    await healthy(A, B, C);
    expect(await rollBack({ to: A.slice(0, 7) })).toMatchObject({ from: C, to: A });
    expect(sent()).toEqual([{ failed_revision: C, healthy_revision: A }]);
  });

  it("as a dry run says where it would go, and does nothing", async () => {
    await healthy(A, B);
    const response = await ask({ dry_run: true });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      source: "argo",
      app: "web",
      from: B,
      to: A,
      actions: ["rollback"],
      delivery: null,
      tasks: [],
    });
    expect((await world.server.client.listTasks()).items).toEqual([]);
    expect((await world.server.client.listRevisions()).items).toHaveLength(2);
  });

  it("has the guards that Argo CD's reports have, unless they are overridden", async () => {
    await healthy(A, B);
    expect(await world.rollBack(F)).toBe(B);
    // What degraded is the current one: it was rolled back from already.
    expect(await refusal()).toBe("rollback:repeated");
    expect(await refusal({ to: A })).toBe("rollback:repeated");
    expect(await rollBack({ to: A, override: true })).toMatchObject({ from: F, to: A });
    expect(sent().at(-1)).toEqual({ failed_revision: F, healthy_revision: A });
  });

  it("counts for the cap, and the cap for it", async () => {
    for (const digit of ["1", "2", "3", "4"]) await healthy(sha(digit));
    for (const digit of ["5", "6", "7"]) {
      await healthy(sha(digit));
      await rollBack();
    }
    await healthy(sha("8"));
    expect(await refusal()).toBe("rollback:limit");
    expect(await rollBack({ override: true })).toMatchObject({ from: sha("8") });
  });

  it("is answered with 409 when there is nothing to go back to, and starts nothing", async () => {
    expect(await refusal()).toBe("rollback:no_healthy_revision");
    await healthy(A);
    expect(await refusal()).toBe("rollback:no_healthy_revision");
    expect(await refusal({ app: "other" })).toBe("rollback:no_healthy_revision");
    expect(await refusal({ source: "other" })).toBe("rollback:no_healthy_revision");
    expect(await refusal({ to: A })).toBe("rollback:current");
    expect(await refusal({ to: B })).toBe("rollback:not_healthy");
    expect(await refusal({ to: "main" })).toBe("request:invalid");
    expect((await world.server.client.listTasks()).items).toEqual([]);
    expect(await rollBack({ to: B, override: true })).toMatchObject({ from: A, to: B });
  });

  it("is a delivery like others: explained, and replayed", async () => {
    await healthy(A, B);
    const { delivery } = await rollBack();
    const explained = await world.server.client.explainDelivery(delivery ?? "");
    expect(explained.event).toMatchObject({
      status: "Degraded",
      action: "rollback",
      health: { app: "web", revision: B, healthy_revision: A },
    });
    const replayed = await world.server.client.replayDelivery(delivery ?? "");
    expect(replayed.tasks).toHaveLength(1);
  });

  it("happens once, however many ask at the same moment", async () => {
    await healthy(A, B);
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask({})));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      202, 409, 409, 409, 409, 409,
    ]);
    expect((await world.server.client.listTasks()).items).toHaveLength(1);
  });
});

describe("GET /revisions", () => {
  it("lists what is remembered, newest first within each application", async () => {
    await healthy(A, B);
    await world.report("Healthy", C, "api");
    await rollBack();
    const { items } = await world.server.client.listRevisions();
    expect(items).toMatchObject([
      { app: "api", revision: C, state: "healthy", current: true, target: null },
      { app: "web", revision: B, state: "rolled_back", target: A, current: true, vain: false },
      { app: "web", revision: B, state: "healthy", current: false },
      { app: "web", revision: A, state: "healthy", current: false, source: "argo" },
    ]);
    const of = async (query: object) => (await world.server.client.listRevisions(query)).items.length;
    expect(await Promise.all([of({ app: "web" }), of({ app: "x" }), of({ source: "argo" })])).toEqual([
      3, 0, 4,
    ]);
  });
});
