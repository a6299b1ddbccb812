import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createNodeKeeper } from "../../src/usecases/keep-node.ts";
import { createLife, type Life } from "../../src/usecases/life.ts";
import { markedProcesses } from "../support/server-process.ts";
import { createWorld, type World } from "../support/world.ts";

let worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds) await world.close();
  for (const { dir } of worlds) await rm(dir, { recursive: true, force: true });
  worlds = [];
});

const settings = `
actions:
  deploy:
    workdir: .
    grace: 100ms
    env: { LIFE_TEST: "yes" }
    steps:
      - { shell: "true", undo: { shell: 'echo undo >> undos; sleep 1000' } }
      - shell: 'echo > ready; sleep 1000'
`;

async function openWorld(dir?: string): Promise<World> {
  const world = await createWorld({ settings, ...(dir !== undefined && { dir }) });
  worlds.push(world);
  return world;
}

/** How often the undo has begun. */
const undos = async ({ dir }: World): Promise<number> =>
  (await readFile(join(dir, "undos"), "utf8").catch(() => "")).length / "undo\n".length;

async function live({ services, queue, holds }: World): Promise<Life> {
  const identity = { name: "one", labels: [], roles: ["receive", "work"], version: "1" } as const;
  const keeper = createNodeKeeper({ services, queue, identity, leaseMs: 60_000 });
  const life = createLife({ services, queue, keeper, holds, endingMs: 1_000 });
  await life.join();
  life.work();
  return life;
}

describe("a server that is told to end at once", () => {
  it("leaves an undo that does not end to the next server, and no command running", async () => {
    const world = await openWorld();
    const life = await live(world);
    const { id } = await world.app.startAction({ action: "deploy", params: {}, by: "test" });
    await vi.waitFor(() => readFile(join(world.dir, "ready")), { timeout: 10_000 });
    void life.close();
    await life.close();
    expect(markedProcesses("HOOKWRIGHT_TASK_ID", id)).toEqual([]);
    // On a busy machine the time may have been over before the undo had begun.
    const before = await undos(world);
    const next = await openWorld(world.dir);
    expect(await next.app.getTask(id)).toMatchObject({ state: "CANCELLING", outcome: "lost" });
    const again = await live(next);
    await vi.waitUntil(async () => (await undos(world)) > before, { timeout: 20_000 });
    await Promise.all([again.close(), again.close()]);
  });

  it("takes on nothing new once it is closing, and says that it is not ready", async () => {
    const life = await live(await openWorld());
    await life.checkReady();
    const closed = life.close();
    expect(() => life.checkOpen()).toThrow(expect.objectContaining({ code: "server:draining" }));
    await expect(life.checkReady()).rejects.toMatchObject({ code: "server:draining" });
    await closed;
  });
});
