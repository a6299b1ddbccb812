import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createDeployWorld,
  type DeployWorld,
  githubPayload,
  travisPayload,
} from "../../support/deploy-world.ts";

/** Two apps of two repositories: the one takes branches, the other tags. */
const settings = (github: string): string => `
github: { api_url: "${github}" }
outbound: { allow: [127.0.0.0/8] }
deploy:
  apps:
    hello: { repository: dscape/hello, users: [dscape] }
    private: { repository: dscape/private, users: [dscape] }
actions:
  branches:
    params: { at: {} }
    on:
      - source: deploy
        event: push
        repository: dscape/hello
        branch: [master, "release/*"]
        with: { at: event.branch }
    steps: [{ run: ["true"] }]
  tags:
    params: { at: {} }
    on: [{ source: deploy, event: tag, repository: dscape/private, tag: "v*", with: { at: event.tag } }]
    steps: [{ run: ["true"] }]
`;

let world: DeployWorld;
beforeAll(async () => {
  world = await createDeployWorld(settings);
});
afterAll(() => world.close());

const answerSchema = z.looseObject({
  status: z.string(),
  tasks: z.array(z.object({ id: z.string(), action: z.string() })),
});
const PRIVATE = { name: "private", owner: { name: "dscape" } };
const PRIVATE_BUILD = { name: "private", owner_name: "dscape" };

/** What was started, with its param; the status where nothing was. */
async function started(payload: unknown): Promise<string> {
  const response = await world.deploy(payload);
  const { status, tasks } = answerSchema.parse(await response.json());
  expect(response.status).toBe(200);
  const [task, ...more] = tasks;
  expect(more).toEqual([]);
  if (task === undefined) return status;
  const { params } = await world.server.client.getTask(task.id);
  return `${task.action} ${params["at"] ?? ""} ${status}`;
}

describe("what is deployed goes by the app's settings", () => {
  it.each<[string, string, string, Record<string, unknown>?]>([
    ["a branch", "refs/heads/master", "branches master ok"],
    ["a branch with slashes", "refs/heads/release/1.0", "branches release/1.0 ok"],
    ["another branch", "refs/heads/other", "ignored"],
    ["a branch that begins alike", "refs/heads/master2", "ignored"],
    ["a tag, of the app that takes branches", "refs/tags/master", "ignored"],
    ["a tag", "refs/tags/v1.0", "tags v1.0 ok", { repository: PRIVATE }],
    ["another tag", "refs/tags/nightly", "ignored", { repository: PRIVATE }],
    ["a branch named as a tag", "refs/heads/v1.0", "ignored", { repository: PRIVATE }],
    [
      "a tag that was removed",
      "refs/tags/v1.0",
      "ignored",
      {
        repository: PRIVATE,
        deleted: true,
        before: "b".repeat(40),
        after: "0".repeat(40),
        head_commit: null,
      },
    ],
  ])("GitHub tells of %s: %s", async (_what, ref, expected, change = {}) => {
    expect(await started(githubPayload(world.sha, { ref, ...change }))).toBe(expected);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a branch", {}, "branches master ok"],
    ["a branch, fixed", { status_message: "Fixed" }, "branches master ok"],
    ["another branch", { branch: "other" }, "ignored"],
    ["a tag", { repository: PRIVATE_BUILD, tag: "v1.0", branch: "v1.0" }, "tags v1.0 ok"],
    ["a tag, of the app that takes branches", { tag: "v1.0", branch: "master" }, "ignored"],
    ...["Pending", "Broken", "Failed", "Still Failing", "Canceled", "Errored"].map(
      (message): [string, Record<string, unknown>, string] => [
        `a build that is ${message}, whatever its status`,
        { status: 0, status_message: message },
        "ignored",
      ],
    ),
    ["a build that says Passed, and a status of failure", { status: 1 }, "ignored"],
    ["a build of a pull request", { type: "pull_request" }, "ignored"],
    ["a build of a pull request, as it was told once", { pull_request: true }, "ignored"],
  ])("Travis CI tells of %s", async (_what, change, expected) => {
    expect(await started(travisPayload(world.sha, change))).toBe(expected);
  });
});
