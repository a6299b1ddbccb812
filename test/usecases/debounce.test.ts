import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storeKind } from "../support/test-store.ts";
import { createWorld, type World } from "../support/world.ts";

const SETTINGS = `
actions:
  deploy:
    debounce: 10s
    params: { n: {} }
    workdir: .
    steps: [{ run: [echo, "deployed \${{ params.n }}"] }]
  free:
    debounce: 10s
    concurrency: { policy: parallel }
    workdir: .
    steps: [{ run: [echo, ran] }]
  checked:
    debounce: 10s
    approve: { expires: 1h }
    workdir: .
    steps: [{ run: [echo, ran] }]
  newest:
    debounce: 10s
    concurrency: { group: slow, policy: supersede }
    workdir: .
    steps: [{ run: [echo, ran] }]
  slow:
    concurrency: { group: slow }
    workdir: .
    steps: [{ run: [sleep, "60"] }]
`;

const BEGIN = Date.UTC(2026, 0, 1);
let clock = BEGIN;
let world: World;

const open = (dir?: string): Promise<World> =>
  createWorld({ settings: SETTINGS, now: () => new Date(clock), ...(dir !== undefined && { dir }) });

beforeEach(async () => {
  clock = BEGIN;
  world = await open();
});
afterEach(() => world.close());

const at = (seconds: number): string => new Date(BEGIN + seconds * 1_000).toISOString();
/** Starts a task at that second; resolves with its id. */
async function start(seconds: number, action = "deploy"): Promise<string> {
  clock = BEGIN + seconds * 1_000;
  const params: Record<string, string> = action === "deploy" ? { n: String(seconds) } : {};
  return (await world.app.startAction({ action, params, by: "token:ann" })).id;
}
const outcomeOf = async (id: string) => {
  const { state, outcome, reason } = await world.app.getTask(id);
  return { state, outcome, reason };
};
const supersededBy = (id: string) => ({
  state: "CANCELLED",
  outcome: "superseded",
  reason: `Superseded by task ${id}`,
});

describe("debounce", () => {
  it("runs the last of many only, once it has been quiet for so long after it", async () => {
    world.work();
    const first = await start(0);
    const second = await start(5);
    const third = await start(14);
    expect(await outcomeOf(first)).toEqual(supersededBy(second));
    expect(await outcomeOf(second)).toEqual(supersededBy(third));
    const hold = { type: "quiet", until: at(24), reason: `Waits for quiet until ${at(24)}` };
    expect(await world.app.getTask(third)).toMatchObject({ state: "ENQUEUED", position: null, hold });
    clock = BEGIN + 23_999;
    // The keeper looks all the time; what it would have let go runs before this one, which waits for nothing.
    const other = await world.app.startAction({ action: "slow", params: {}, by: "x" });
    await world.reached(other.id, "RUNNING");
    expect(await world.app.getTask(third)).toMatchObject({ state: "ENQUEUED", hold });
    clock = BEGIN + 24_000;
    expect(await world.ended(third)).toMatchObject({ outcome: "succeeded" });
    expect(await world.lines(third)).toContain("deployed 14");
  });

  it("leaves alone the one that runs, and those of other actions", async () => {
    world.work();
    const free = await start(0, "free");
    const first = await start(0);
    clock = BEGIN + 10_000;
    expect(await world.ended(first)).toMatchObject({ outcome: "succeeded" });
    const second = await start(11);
    expect(await world.ended(free)).toMatchObject({ outcome: "succeeded" });
    clock = BEGIN + 21_000;
    expect(await world.ended(second)).toMatchObject({ outcome: "succeeded" });
  });

  it("counts for actions without a group too", async () => {
    const first = await start(0, "free");
    const second = await start(1, "free");
    expect(await outcomeOf(first)).toEqual(supersededBy(second));
  });

  it("lets one win of many that are added at the same moment", async () => {
    for (const action of ["deploy", "free"]) {
      const ids = await Promise.all(Array.from({ length: 12 }, () => start(3, action)));
      const tasks = await Promise.all(ids.map((id) => world.app.getTask(id)));
      expect(tasks.filter(({ state }) => state === "ENQUEUED")).toHaveLength(1);
      expect(tasks.filter(({ outcome }) => outcome === "superseded")).toHaveLength(11);
    }
  });

  it("ends those that its group's policy supersedes when the quiet is over, not before", async () => {
    world.work();
    const running = await start(0, "slow");
    await world.reached(running, "RUNNING");
    const next = await start(1, "newest");
    expect(await world.app.getTask(running)).toMatchObject({ state: "RUNNING" });
    clock = BEGIN + 11_000;
    expect(await world.ended(next)).toMatchObject({ outcome: "succeeded" });
    expect(await outcomeOf(running)).toEqual(supersededBy(next));
  });

  it("comes before an approval, which may be given meanwhile", async () => {
    world.work();
    const decision = { by: "token:bob", scopes: ["deploy"], comment: null, overrideFreeze: false };
    const first = await start(0, "checked");
    clock = BEGIN + 10_000;
    await expect.poll(async () => (await world.app.getTask(first)).hold?.type).toBe("approval");
    expect((await world.app.getTask(first)).hold?.until).toBe(at(3_610));
    const early = await start(20, "checked");
    await world.app.approveTask({ ...decision, id: early, decision: "approved" });
    expect(await world.app.getTask(early)).toMatchObject({
      hold: { type: "quiet" },
      approval: { decision: "approved" },
    });
    await world.app.approveTask({ ...decision, id: first, decision: "refused" });
    clock = BEGIN + 30_000;
    expect(await world.ended(early)).toMatchObject({ outcome: "succeeded" });
    expect(await outcomeOf(first)).toMatchObject({ outcome: "rejected" });
  });

  it("goes on after a restart and after a crash, by the same time", async () => {
    world.work();
    const first = await start(0);
    await world.abandon();
    world = await open(world.dir);
    const second = await start(4);
    expect(await outcomeOf(first)).toEqual(supersededBy(second));
    await world.abandon();
    clock = BEGIN + 60_000;
    world = await open(world.dir);
    world.work();
    expect(await world.ended(second)).toMatchObject({ outcome: "succeeded" });
    expect((await world.app.listTasks({ limit: 10 })).items).toHaveLength(2);
  });

  // Only a database that several nodes share has others.
  const shared = storeKind() === "postgres" ? ["any of them lets the last one go"] : [];
  it.each(shared)("counts what all nodes add; %s", async () => {
    const other = await open(world.dir);
    other.work();
    const first = await start(0);
    const { id: second } = await other.app.startAction({ action: "deploy", params: { n: "x" }, by: "x" });
    expect(await outcomeOf(first)).toEqual(supersededBy(second));
    const third = await start(9);
    clock = BEGIN + 19_000;
    expect(await world.ended(third)).toMatchObject({ outcome: "succeeded" });
    expect(await outcomeOf(second)).toEqual(supersededBy(third));
    await other.drain(30_000);
    await other.abandon();
  });
});
