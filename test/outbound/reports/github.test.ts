import { afterEach, describe, expect, it } from "vitest";
import { ASKER, OLDER, openReportWorld, type ReportWorld, SHA } from "./report-world.ts";

let world: ReportWorld;
const REPORT =
  '{ repository: o/app, token: a-token, deployment: production, environment_url: "https://app.example.com" }';
const STATUSES_ALONE = "{ repository: o/app, token: a-token }";

async function open(report = REPORT, action = ""): Promise<ReportWorld> {
  world = await openReportWorld({ report, action });
  world.work();
  return world;
}
afterEach(() => world.close());

const states = (): string[] => world.github.statuses.map(({ state }) => state);
const deployed = (): string[][] => world.github.deployments.map((each) => each.states);

describe("GitHub is told of a task", () => {
  it("by the commit's status, pending until it has ended, with a link to the task", async () => {
    await open(STATUSES_ALONE);
    const id = await world.run();
    await world.settled(3);
    const { number } = await world.app.getTask(id);
    expect(world.github.statuses).toMatchObject([
      { state: "pending", description: "Waits to run" },
      { state: "pending", description: "Running" },
      {
        repository: "o/app",
        sha: SHA,
        state: "success",
        context: "hookwright/deploy",
        target_url: `https://hooks.example.com/jobserv/projects/deploy/builds/${number}`,
      },
    ]);
    expect(world.api.requests[0]?.headers["authorization"]).toBe("Bearer a-token");
    expect(deployed()).toEqual([]);
  });

  it("by a deployment, too; the next one that succeeds takes its place", async () => {
    await open();
    await world.run({ sha: OLDER });
    await world.run();
    await world.settled(10);
    expect(deployed()).toEqual([
      ["in_progress", "success", "inactive"],
      ["in_progress", "success"],
    ]);
    expect(world.github.deployments[1]).toMatchObject({
      sha: SHA,
      environment: "production",
      environment_url: "https://app.example.com",
    });
  });

  it("that failed by the step that did, and nothing that it has printed", async () => {
    await open();
    await world.run({ sha: OLDER });
    await world.run({ sha: SHA, exit: "3" });
    await world.settled(10);
    expect(world.github.statuses.at(-1)).toMatchObject({
      state: "failure",
      description: "Failed in step build",
    });
    // What was deployed before still is.
    expect(deployed()).toEqual([
      ["in_progress", "success"],
      ["in_progress", "failure"],
    ]);
    expect(JSON.stringify([world.github, world.api.requests])).not.toContain("private");
  });

  it("that never ran, without a deployment", async () => {
    await open(REPORT, "approve: true");
    const { id } = await world.app.startAction({ action: "deploy", params: { sha: SHA }, ...ASKER });
    // Else it would be told of as it is by then.
    await world.settled(1);
    await world.app.cancelTask({ id, ...ASKER });
    await world.settled(2);
    expect(world.github.statuses).toMatchObject([
      { state: "pending", description: "Waits for approval" },
      { state: "error", description: "Cancelled" },
    ]);
    expect(deployed()).toEqual([]);
  });

  it("of no commit that nobody knows, and no abbreviated one", async () => {
    await open(STATUSES_ALONE);
    const id = await world.run({ sha: "abc1234" });
    expect((await world.app.getTask(id)).report).toBeNull();
    expect((await world.app.listMessages({ limit: 9 })).items).toEqual([]);
  });

  it("that a retry has made anew of the same commit", async () => {
    await open(STATUSES_ALONE);
    const id = await world.run({ sha: SHA, exit: "1" });
    const again = await world.app.retryTask({ id, ...ASKER });
    await world.ended(again.id);
    await world.settled(6);
    expect(states()).toEqual(["pending", "pending", "failure", "pending", "pending", "failure"]);
  });
});

describe("what GitHub was not told", () => {
  it("is told later, in its order", async () => {
    await open(STATUSES_ALONE);
    world.api.faults.push({ status: 503 }, "reset");
    await world.run();
    await world.message(({ attempts }) => attempts === 1);
    expect(states()).toEqual([]);
    world.pass(10_000);
    await world.message(({ attempts }) => attempts === 2);
    world.pass(60_000);
    await world.settled(3);
    expect(world.github.statuses.map(({ description }) => description.slice(0, 5))).toEqual([
      "Waits",
      "Runni",
      "Succe",
    ]);
  });

  it("makes no second deployment where only the answer was lost", async () => {
    await open("{ repository: o/app, token: t, status: false, deployment: production }");
    world.lost.push(({ method, path }) => method === "POST" && path.endsWith("/deployments"));
    await world.run();
    await world.message(({ attempts }) => attempts === 1);
    world.pass(10_000);
    await world.settled(2);
    expect(deployed()).toEqual([["in_progress", "success"]]);
  });

  it("because it refuses the token is given up at once, with what to do, and in nobody's way", async () => {
    await open(STATUSES_ALONE);
    world.api.faults.push({
      status: 403,
      body: { message: "Resource not accessible by personal access token" },
    });
    await world.run();
    const [first, ...others] = await world.settled(3);
    expect(first).toMatchObject({ state: "dead", attempts: 1, status: 403 });
    expect(first?.error).toContain("Commit statuses: write");
    expect(others).toMatchObject([{ state: "delivered" }, { state: "delivered" }]);
    const [endpoint] = await world.app.listEndpoints();
    expect(endpoint).toMatchObject({
      name: "report:deploy",
      kind: "report-github",
      state: "active",
      dead: 1,
    });
  });

  it("because it does not know the commit is tried three times, and no more", async () => {
    await open(STATUSES_ALONE);
    await world.run({ sha: "f".repeat(40) });
    for (const attempts of [1, 2]) {
      await world.message((message) => message.attempts === attempts);
      world.pass(60_000);
    }
    const first = await world.message(({ state }) => state === "dead");
    expect(first).toMatchObject({ attempts: 3, status: 422 });
    expect(first.error).toContain("may be unknown there");
  });

  it("for a limit waits as long as it asks for", async () => {
    await open(STATUSES_ALONE);
    const headers = { "retry-after": "600" };
    world.api.faults.push({
      status: 403,
      headers,
      body: { message: "You have exceeded a secondary rate limit" },
    });
    await world.run();
    await world.message(({ attempts }) => attempts === 1);
    const [endpoint] = await world.app.listEndpoints();
    expect(endpoint).toMatchObject({ state: "paused" });
    world.pass(590_000);
    expect(world.api.requests).toHaveLength(1);
    world.pass(200_000);
    await world.settled(3);
    expect(states()).toEqual(["pending", "pending", "success"]);
  });

  it("is not told by hand any more once something newer has been", async () => {
    await open(STATUSES_ALONE);
    world.api.faults.push({ status: 401 });
    await world.run();
    const [dead] = await world.settled(3);
    await expect(world.app.retryMessage({ id: dead?.id ?? "", ...ASKER })).rejects.toMatchObject({
      code: "message:not_found",
    });
    expect(await world.app.retryDeadMessages({ endpoint: null, ...ASKER })).toBe(0);
    expect(states()).toEqual(["pending", "success"]);
  });
});
