import { afterEach, describe, expect, it } from "vitest";
import { type Additions, type RollbackWorld, sha, startRollbackWorld } from "../support/rollback-world.ts";

let world: RollbackWorld;
afterEach(() => world.close());

const start = async (additions: Additions = {}): Promise<void> => {
  world = await startRollbackWorld(additions);
};

describe("no loops", () => {
  it("the same body three times, one after the other and at once, starts one rollback", async () => {
    await start();
    await world.report("Healthy", sha("a"));
    const first = await world.report("Degraded", sha("f"));
    const again = await Promise.all([world.report("Degraded", sha("f")), world.report("Degraded", sha("f"))]);
    expect(again).toMatchObject([
      { status: 202, duplicate: true, delivery: first.delivery, tasks: first.tasks },
      { status: 202, duplicate: true, delivery: first.delivery, tasks: first.tasks },
    ]);
    await world.report("Healthy", sha("a"), "api");
    const burst = await Promise.all(
      Array.from({ length: 12 }, () => world.report("Degraded", sha("f"), "api")),
    );
    expect(burst.filter(({ duplicate }) => duplicate === false)).toHaveLength(1);
    expect(burst.filter(({ duplicate }) => duplicate === true)).toHaveLength(11);
    const tasks = await world.server.client.listTasks({ limit: 100 });
    expect(tasks.items).toHaveLength(2);
  });

  it("many healthy reports at once are remembered as one each", async () => {
    await start();
    const revisions = ["a", "b", "c", "d"].flatMap((digit) => [sha(digit), sha(digit), sha(digit)]);
    const answers = await Promise.all(revisions.map((revision) => world.report("Healthy", revision)));
    expect(answers.every(({ status }) => status === 202)).toBe(true);
  });

  it("a rollback that degrades steps back once, then stops and says so until something is healthy", async () => {
    await start({ source: ", max_rollbacks_per_hour: 10" });
    for (const digit of ["a", "b", "c"]) await world.report("Healthy", sha(digit));
    expect(await world.rollBack(sha("f"))).toBe(sha("c"));
    // The revert made a commit of its own, and that one degraded, too.
    expect(await world.rollBack(sha("1"))).toBe(sha("b"));
    const stopped = await world.report("Degraded", sha("2"));
    expect(stopped).toMatchObject({ status: 409, code: "rollback:exhausted" });
    expect(stopped.detail).toContain("nothing more is done until a revision is healthy again");
    await world.report("Healthy", sha("d"));
    expect(await world.rollBack(sha("3"))).toBe(sha("d"));
  });

  it("caps the rollbacks of an application within an hour, and counts what it refuses", async () => {
    await start({ source: ", max_rollbacks_per_hour: 2" });
    await world.report("Healthy", sha("a"));
    await world.rollBack(sha("1"));
    await world.report("Healthy", sha("b"));
    await world.rollBack(sha("2"));
    await world.report("Healthy", sha("c"));
    expect(await world.report("Degraded", sha("3"))).toMatchObject({ status: 409, code: "rollback:limit" });
    await world.report("Healthy", sha("a"), "other");
    expect(await world.rollBack(sha("3"), "other")).toBe(sha("a"));
    const counters = await world.server.api("/counters");
    const wanted = { name: "rollback:limit", source: "argo", value: 1 };
    expect(await counters.json()).toEqual({ items: [wanted] });
  });

  it("a refusal starts only what asks for it", async () => {
    await start({
      actions: `
  call-somebody:
    on: [{ source: argo, event: health, when: "event.health.refusal != null" }]
    steps: [{ run: [echo, "\${{ event.health.refusal }}"] }]`,
    });
    const { status, tasks } = await world.report("Degraded", sha("f"));
    expect(status).toBe(202);
    const task = await world.server.ended(tasks[0]?.id ?? "");
    expect(task).toMatchObject({ action: "call-somebody", outcome: "succeeded" });
    expect((await world.server.lines(task.id)).join("\n")).toContain("No healthy revision");
    expect(world.github.requests).toEqual([]);
  });

  it("lets nothing out that is no revision", async () => {
    await start();
    await world.report("Healthy", sha("a"));
    for (const revision of ["$(id)", "abc123; id", "--help", "HEAD", "../x"]) {
      expect(await world.report("Degraded", revision)).toMatchObject({ status: 400, code: "body:malformed" });
      expect(await world.report("Healthy", revision)).toMatchObject({ status: 400 });
    }
    expect(await world.rollBack(sha("f"))).toBe(sha("a"));
    expect(world.github.requests).toHaveLength(1);
  });
});

describe("restarts in between", () => {
  it("forget nothing", async () => {
    await start();
    await world.report("Healthy", sha("a"));
    await world.report("Healthy", sha("b"));
    await world.restart();
    expect(await world.rollBack(sha("f"))).toBe(sha("b"));
    await world.restart();
    expect(await world.report("Degraded", sha("f"))).toMatchObject({ status: 202, duplicate: true });
    expect(await world.rollBack(sha("1"))).toBe(sha("a"));
    await world.restart();
    const stopped = await world.report("Degraded", sha("2"));
    expect(stopped).toMatchObject({ status: 409, code: "rollback:exhausted" });
  });
});
