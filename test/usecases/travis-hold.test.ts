import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Task } from "../../src/domain/task.ts";
import { type FakeArchives, startFakeArchives } from "../fakes/github-archives.ts";
import { githubPayload, settingsFor } from "../support/deploy-world.ts";
import { createSmallRepository } from "../support/small-repository.ts";
import { createWorld, type World } from "../support/world.ts";

const TRAVIS_YML = "notifications: { webhooks: https://webhooks.example.com/1/deploy }\n";
const MINUTE = 60_000;

let clock: number;
let world: World;
let github: FakeArchives;
const folders: Record<string, string> = {};

beforeEach(async () => {
  clock = Date.UTC(2026, 0, 1);
  github = await startFakeArchives({ repositories: folders });
  const settings = settingsFor(github.url, "http://127.0.0.1:1");
  world = await createWorld({ settings, now: () => new Date(clock) });
});
afterEach(async () => {
  await world.close();
  await github.close();
});

/** A push of a commit with that file, taken in; nothing has been looked at yet. */
async function push(): Promise<string> {
  const repository = await createSmallRepository(`${world.dir}/repository`);
  folders["dscape/hello"] = repository.dir;
  const sha = await repository.commit({
    ".travis.yml": TRAVIS_YML,
    "package.json": '{"name":"hello"}',
    version: "one",
  });
  const { tasks } = await world.app.deploy({
    login: { user: "dscape", apps: null },
    request: {
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(githubPayload(sha))),
      peer: null,
    },
    uuid: "a-request",
    remoteAddress: null,
  });
  return tasks[0]?.id ?? "";
}

const holdOf = async (id: string): Promise<Task["hold"]> => (await world.app.getTask(id)).hold;

describe("a push whose tests are to be waited for", () => {
  it("ends when Travis CI has not reported within a day", async () => {
    const id = await push();
    world.work();
    await vi.waitFor(async () => expect((await holdOf(id))?.type).toBe("travis"), { timeout: 20_000 });
    expect((await holdOf(id))?.until).toBe("2026-01-02T00:00:00.000Z");
    clock += 24 * 60 * MINUTE;
    expect(await world.ended(id)).toMatchObject({
      outcome: "rejected",
      reason: "Travis CI did not report within 24h",
    });
  });

  it("is asked about again while GitHub can't say, and never deployed untested", async () => {
    github.faults.push({ status: 401 }, { status: 401 });
    const id = await push();
    world.work();
    await vi.waitFor(() => expect(github.faults).toHaveLength(1), { timeout: 20_000 });
    await vi.waitFor(async () => expect((await holdOf(id))?.until).toBe("2026-01-01T00:00:05.000Z"), {
      timeout: 20_000,
    });
    clock += 6_000;
    await vi.waitFor(() => expect(github.faults).toHaveLength(0), { timeout: 20_000 });
    clock += 6_000;
    await vi.waitFor(async () => expect((await holdOf(id))?.type).toBe("travis"), { timeout: 20_000 });
  });

  it("ends after a quarter of an hour in which GitHub could not say", async () => {
    github.faults.push({ status: 401 });
    const id = await push();
    clock += 16 * MINUTE;
    world.work();
    expect(await world.ended(id)).toMatchObject({
      outcome: "rejected",
      reason: "GitHub could not be asked whether Travis CI tests the commit first",
    });
  });
});
