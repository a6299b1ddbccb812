import { afterEach, describe, expect, it } from "vitest";
import { createFakeApp } from "../../fakes/github-app.ts";
import {
  createDeployWorld,
  type DeployWorld,
  githubPayload,
  settingsFor,
  travisPayload,
} from "../../support/deploy-world.ts";
import { until } from "../../support/until.ts";

let world: DeployWorld;
afterEach(() => world.close());

const privatePush = (sha: string): unknown =>
  githubPayload(sha, { repository: { name: "private", owner: { name: "dscape" } } });

const deploy = async (payload: unknown): Promise<void> =>
  void (await (await world.deploy(payload, { path: "/1/deploy?wait=60s" })).text());

const pair = (query = ""): Promise<Response> =>
  world.server.fetch(`/1/auth/github${query}`, {
    method: "POST",
    body: '{"credentials":"octocat:ghp_good"}',
    headers: { "content-type": "application/json", ...world.as("dscape") },
  });

const told = (state: string): Promise<unknown> =>
  until(() => world.github.reports.statuses.find((each) => each.state === state), { what: state });
const authorizations = (): (string | null)[] =>
  world.github.requests
    .filter(({ path }) => path.includes("/statuses/"))
    .map(({ authorization }) => authorization);
const reported = async (): Promise<unknown[]> => {
  const { items } = await world.server.client.listTasks({ limit: 5 });
  const messages = await Promise.all(items.map(({ id }) => messagesOf(id)));
  return messages.flat();
};
const messagesOf = async (id: string): Promise<unknown[]> =>
  (await world.server.client.listMessages({ limit: 50 })).items.filter(({ task_id: of }) => of === id);

describe("what comes by the deploy API is reported to GitHub", () => {
  it("with the token that the user has paired with", async () => {
    world = await createDeployWorld();
    await pair();
    await deploy(githubPayload(world.sha));
    const status = await told("success");
    expect(status).toMatchObject({ repository: "dscape/hello", sha: world.sha, context: "hookwright/hello" });
    expect(JSON.stringify(status)).toContain("https://webhooks.example.com/");
    expect(new Set(authorizations())).toEqual(new Set(["Bearer ghp_good"]));
  });

  it("with one that was given for that app, and for no other", async () => {
    world = await createDeployWorld();
    await pair("?app=hello");
    await deploy(travisPayload(world.sha));
    await told("success");
    await deploy(privatePush(world.sha));
    expect(world.github.reports.statuses.map(({ repository }) => repository)).not.toContain("dscape/private");
  });

  it("not at all where nobody has paired or asked", async () => {
    world = await createDeployWorld();
    await deploy(githubPayload(world.sha));
    expect(await reported()).toEqual([]);
    expect(world.github.reports.statuses).toEqual([]);
  });

  it("by the GitHub App, which fetches private archives, too", async () => {
    const app = createFakeApp({ installedOn: ["dscape/private"] });
    world = await createDeployWorld((github, travis) => {
      const key = `app: { id: ${app.id}, private_key: ${JSON.stringify(app.privateKey)} }`;
      return settingsFor(github, travis)
        .replace("github: {", `github: { ${key},`)
        .replace(
          "private: { repository: dscape/private, users: [dscape]",
          "$&, report: { deployment: live }",
        );
    }, app);
    await deploy(privatePush(world.sha));
    await told("success");
    expect(world.github.reports.statuses.at(-1)).toMatchObject({ repository: "dscape/private" });
    await until(() => world.github.reports.deployments[0]?.states.includes("success"), {
      what: "a deployment",
    });
    expect(app.issued).toHaveLength(1);
    // The App is not installed there: an archive that everybody may read is fetched all the same.
    await deploy(githubPayload(world.sha));
    const [newest] = (await world.server.client.listTasks({ limit: 1 })).items;
    expect(newest).toMatchObject({ outcome: "succeeded" });
  });
});
