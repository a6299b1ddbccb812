import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { LIMITS } from "../../../src/http/limits.ts";
import { createDeployWorld, type DeployWorld, githubPayload } from "../../support/deploy-world.ts";
import { matching } from "../../support/like.ts";

let world: DeployWorld;
beforeEach(async () => {
  world = await createDeployWorld();
});
afterEach(async () => {
  vi.useRealTimers();
  await world.close();
});

const entrySchema = z.object({ seq: z.number(), status: z.string(), commit: z.string() });

const follow = (query: string): Promise<Response> =>
  world.server.fetch(`/1/status/dscape/changes?${query}`, { headers: world.as("dscape") });
const entriesOf = async (response: Response): Promise<z.infer<typeof entrySchema>[]> =>
  (await response.text())
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => entrySchema.parse(JSON.parse(line)));
/** Nothing is done for that branch: one entry. */
const push = (branch: string): Promise<Response> =>
  world.deploy(githubPayload(world.sha, { ref: `refs/heads/${branch}` }));

describe("feed=longpoll", () => {
  it("waits for the next change, tells it, and ends", async () => {
    await push("before");
    const [before] = await entriesOf(await follow("feed=normal"));
    let waits = true;
    const coming = follow("feed=longpoll").finally(() => (waits = false));
    // Until it is there to hear of one.
    for (let count = 0; waits; count += 1) await push(`now-${count}`);
    const response = await coming;
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "application/json; charset=utf-8",
    ]);
    const entries = await entriesOf(response);
    expect(entries).toHaveLength(1);
    expect(entries[0]?.seq).toBeGreaterThan(before?.seq ?? Infinity);
  });

  it("is status:changes:timeout, 408, in time for a proxy, without being told to", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const begun = Date.now();
    let waits = true;
    const coming = follow("feed=longpoll&heartbeat=20").finally(() => (waits = false));
    while (waits) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      vi.setSystemTime(Date.now() + 1_000);
    }
    const response = await coming;
    expect(Date.now() - begun).toBeGreaterThanOrEqual(LIMITS.longpollMs);
    expect([response.status, await response.json()]).toEqual([
      408,
      {
        error: "status:changes:timeout",
        reason: matching(/./),
        uuid: response.headers.get("x-api-uuid"),
      },
    ]);
  });
});

describe("since", () => {
  it("now is what is to come, whatever the feed", async () => {
    await push("before");
    expect(await entriesOf(await follow("feed=normal&since=now"))).toEqual([]);
    expect(await entriesOf(await follow("feed=normal"))).toHaveLength(1);
    expect(await entriesOf(await follow("feed=normal&since=0"))).toHaveLength(1);
  });
});
