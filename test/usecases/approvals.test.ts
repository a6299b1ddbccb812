import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWorld, type World } from "../support/world.ts";

const SETTINGS = `
actions:
  deploy:
    approve: { expires: 1h, by: [deploy] }
    workdir: .
    steps: [{ run: [echo, deployed] }]
  careful:
    approve: { by: [admin] }
    workdir: .
    steps: [{ run: [echo, deployed] }]
  shared:
    concurrency: { group: deploy }
    workdir: .
    steps: [{ run: [echo, shared] }]
`;

let clock = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
let world: World;
const open = async (dir?: string): Promise<World> =>
  createWorld({ settings: SETTINGS, now: () => new Date(clock), ...(dir !== undefined && { dir }) });
beforeEach(async () => {
  clock = Date.UTC(2026, 0, 1);
  world = await open();
  world.work();
});
afterEach(() => world.close());

const start = (action = "deploy") => world.app.startAction({ action, params: {}, by: "token:ann" });
const decide = (id: string, decision: "approved" | "refused", scopes = ["deploy"]) =>
  world.app.approveTask({ id, by: "token:bob", scopes, decision, comment: null, overrideFreeze: false });
/** What it is answered with. */
const codeOf = async (deciding: Promise<unknown>): Promise<unknown> =>
  deciding.then(
    () => "done",
    (error: { code: unknown }) => error.code,
  );

describe("a task that needs approval", () => {
  it("waits visibly, in nobody's way, and runs once it is approved", async () => {
    const { id, state, hold } = await start();
    expect(state).toBe("ENQUEUED");
    expect(hold).toEqual({
      type: "approval",
      until: "2026-01-01T01:00:00.000Z",
      reason: "Waits for approval, until 2026-01-01T01:00:00.000Z",
    });
    const other = await start("shared");
    expect(await world.ended(other.id)).toMatchObject({ outcome: "succeeded" });
    expect(await world.app.getTask(id)).toMatchObject({ state: "ENQUEUED", hold, position: null });
    expect(await decide(id, "approved")).toMatchObject({
      approval: { decision: "approved", by: "token:bob", at: "2026-01-01T00:00:00.000Z" },
    });
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
    const lines = await world.lines(id);
    expect(lines[0]).toBe("Approved by token:bob");
    expect(lines).toContain("deployed");
  });

  it("ends as rejected when it is refused, and says by whom and why", async () => {
    const { id } = await start();
    const refusal = {
      id,
      by: "token:bob",
      scopes: ["admin"],
      decision: "refused",
      comment: "on a Friday",
      overrideFreeze: false,
    } as const;
    expect(await world.app.approveTask(refusal)).toMatchObject({
      state: "CANCELLED",
      outcome: "rejected",
      reason: "Refused by token:bob: on a Friday",
      approval: { decision: "refused" },
    });
    expect(await world.lines(id)).toEqual(["Refused by token:bob: on a Friday"]);
    expect(await codeOf(decide(id, "approved"))).toBe("approval:decided");
  });

  it("ends as rejected when nobody approves it in time", async () => {
    const { id } = await start();
    clock += HOUR - 1;
    expect(await world.app.getTask(id)).toMatchObject({ state: "ENQUEUED" });
    clock += 1;
    expect(await world.ended(id)).toMatchObject({
      state: "CANCELLED",
      outcome: "rejected",
      reason: "Not approved within 1h",
      approval: { decision: "expired", by: null },
    });
    expect(await codeOf(decide(id, "approved"))).toBe("approval:expired");
    const { items } = await world.app.listAudit({ target: `task:${id}`, limit: 9 });
    const by = items.map(({ actor, action, result }) => [actor, action, result]);
    expect(by).toContainEqual(["server", "task.expire", "done"]);
    expect(by).toContainEqual(["token:bob", "task.approve", "refused"]);
  });

  it("can be cancelled while it waits", async () => {
    const { id } = await start();
    expect(await world.app.cancelTask({ id, by: "token:ann" })).toMatchObject({ state: "CANCELLED" });
    expect(await codeOf(decide(id, "approved"))).toBe("approval:ended");
  });

  it("is decided on once, however many try", async () => {
    const { id } = await start();
    const codes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => codeOf(decide(id, index % 2 === 0 ? "approved" : "refused"))),
    );
    expect(codes.filter((code) => code === "done")).toHaveLength(1);
    expect(codes.filter((code) => code === "approval:decided")).toHaveLength(7);
  });

  it.each(Array.from({ length: 5 }, (_, round) => round))(
    "is approved or cancelled, never both unheard: race %i",
    async () => {
      const { id } = await start();
      const [approved, cancelled] = await Promise.all([
        codeOf(decide(id, "approved")),
        codeOf(world.app.cancelTask({ id, by: "token:ann" })),
      ]);
      const ended = await world.ended(id);
      if (approved === "done") {
        expect(ended.approval?.decision).toBe("approved");
        expect(ended.outcome).toBe(cancelled === "done" ? "cancelled" : "succeeded");
      } else {
        expect([approved, cancelled, ended.outcome]).toEqual(["approval:ended", "done", "cancelled"]);
      }
    },
  );

  it("needs somebody with the scope that the action names", async () => {
    const { id } = await start("careful");
    expect(await codeOf(decide(id, "approved", ["deploy"]))).toBe("auth:forbidden");
    expect(await codeOf(decide(id, "refused", ["read", "deploy"]))).toBe("auth:forbidden");
    expect(await world.app.getTask(id)).toMatchObject({ state: "ENQUEUED" });
    expect(await codeOf(decide(id, "approved", ["admin"]))).toBe("done");
    expect(await world.ended(id)).toMatchObject({ outcome: "succeeded" });
  });

  it("waits through a restart, and so does its approval", async () => {
    const first = await start();
    const second = await start();
    await world.abandon();
    world = await open(world.dir);
    expect(await world.app.getTask(first.id)).toMatchObject({
      state: "ENQUEUED",
      hold: { type: "approval" },
    });
    await decide(first.id, "approved");
    await world.abandon();
    world = await open(world.dir);
    world.work();
    expect(await world.ended(first.id)).toMatchObject({ outcome: "succeeded" });
    clock += HOUR;
    expect(await world.ended(second.id)).toMatchObject({ reason: "Not approved within 1h" });
  });

  it("that has expired is not approved by who comes before the server has looked", async () => {
    const { id } = await start();
    world.holds.stop();
    clock += HOUR;
    expect(await codeOf(decide(id, "approved"))).toBe("approval:expired");
    expect(await world.app.getTask(id)).toMatchObject({ outcome: "rejected" });
  });
});

describe("a task that needs no approval", () => {
  it("is not approved", async () => {
    const { id } = await start("shared");
    expect(await codeOf(decide(id, "approved"))).toBe("approval:not_needed");
    expect(await codeOf(decide("none", "approved"))).toBe("task:not_found");
  });
});
