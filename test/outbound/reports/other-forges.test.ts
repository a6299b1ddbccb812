import { afterEach, describe, expect, it } from "vitest";
import { createFakeGitlabReports } from "../../fakes/gitlab-reports.ts";
import type { ApiAnswer, ApiRequest } from "../../fakes/json-api.ts";
import { until } from "../../support/until.ts";
import { OLDER, openReportWorld, type ReportWorld, SHA } from "./report-world.ts";

let world: ReportWorld;
afterEach(() => world.close());

async function open(report: string, answer: (request: ApiRequest) => ApiAnswer): Promise<void> {
  world = await openReportWorld({ report, answer });
  world.work();
}

const GITLAB = "{ forge: gitlab, api_url: API, repository: o/app, token: glpat, deployment: production }";

describe("GitLab is told of a task", () => {
  it("by a commit status that becomes what it is, and a deployment", async () => {
    const gitlab = createFakeGitlabReports();
    await open(GITLAB, gitlab.answer);
    await world.run({ sha: OLDER, exit: "1" });
    await world.run();
    await world.settled(10);
    expect(gitlab.statuses).toEqual([
      { project: "o/app", sha: OLDER, name: "hookwright/deploy", state: "failed" },
      { project: "o/app", sha: SHA, name: "hookwright/deploy", state: "success" },
    ]);
    expect(gitlab.deployments).toMatchObject([
      { sha: OLDER, environment: "production", status: "failed" },
      { sha: SHA, environment: "production", status: "success" },
    ]);
    expect(world.api.requests[0]?.headers["authorization"]).toBe("Bearer glpat");
  });

  it("once, also where an answer was lost", async () => {
    const gitlab = createFakeGitlabReports(() => world.services.now());
    await open(GITLAB, gitlab.answer);
    world.lost.push(({ method, path }) => method === "POST" && path.endsWith("/deployments"));
    world.lost.push(({ path }) => path.includes("/statuses/"));
    world.lost.push(({ method }) => method === "PUT");
    await world.run();
    const told = await until(
      async () => {
        world.pass(60_000);
        const { items } = await world.app.listMessages({ limit: 9 });
        return items.length === 5 && items.every(({ state }) => state !== "waiting") ? items : null;
      },
      { what: "five messages that are settled" },
    );
    expect(told.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => "delivered"));
    expect(gitlab.deployments).toMatchObject([{ status: "success" }]);
    expect(gitlab.statuses).toMatchObject([{ state: "success" }]);
  });

  it("of nothing it has no project for, and says what is needed", async () => {
    await open(GITLAB, () => ({ status: 403, body: { message: "403 Forbidden" } }));
    await world.run();
    const [first] = await world.settled(5);
    expect(first?.error).toBe(
      "GitLab answered 403: 403 Forbidden. The token needs the scope api, and at least the role Developer on o/app",
    );
  });
});

describe.each(["gitea", "forgejo"])("%s is told of a task", (forge) => {
  it("by the commit's status", async () => {
    await open(`{ forge: ${forge}, api_url: API, repository: o/app, token: secret }`, () => ({
      status: 201,
      body: { id: 1 },
    }));
    await world.run();
    await world.settled(3);
    expect(world.api.requests.map(({ path, body }) => ({ path, body }))).toMatchObject([
      { path: `/repos/o/app/statuses/${SHA}`, body: { state: "pending", context: "hookwright/deploy" } },
      { body: { state: "pending", description: "Running" } },
      { body: { state: "success" } },
    ]);
    expect(world.api.requests[0]?.headers["authorization"]).toBe("token secret");
  });
});
