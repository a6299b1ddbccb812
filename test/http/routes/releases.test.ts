import { mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startTestServer, type TestServer } from "../../support/server.ts";

const SETTINGS = `
actions:
  deploy:
    params: { answer: {}, broken: { default: "" } }
    steps:
      - name: make
        shell: 'mkdir -p app; echo "$HOOKWRIGHT_PARAM_ANSWER" > app/answer'
      - shell: 'test "$HOOKWRIGHT_PARAM_ANSWER" != wait || sleep 600'
      - release:
          app: web
          from: app
          commit: "\${{ steps.make.state }}"
          runtime: command
          restart: [sh, -c, 'echo "$1 $(cat answer)"; grep -v broken answer', sh, "\${{ params.answer }}"]
        undo: { run: [touch, undone] }
      - shell: 'test "$HOOKWRIGHT_PARAM_BROKEN" = ""'
`;

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ settings: SETTINGS });
});
afterEach(() => server.close());

async function deploy(answer: string): Promise<{ readonly id: string }> {
  const task = await server.client.startTask({ action: "deploy", params: { answer } });
  await server.ended(task.id);
  return task;
}

const inUse = async (): Promise<string> =>
  (await readFile(join(server.dir, "data/apps/web/current/answer"), "utf8")).trim();
const states = async (): Promise<string[]> =>
  (await server.client.listReleases("web")).items.map(({ state, current }) => (current ? "current" : state));

describe("releases over the API", () => {
  it("lists them, with the one in use", async () => {
    const { id } = await deploy("one");
    await deploy("two");
    await deploy("broken");
    const { items } = await server.client.listReleases("web");
    expect(items.map(({ state }) => state)).toEqual(["failed", "healthy", "healthy"]);
    expect(await states()).toEqual(["failed", "current", "healthy"]);
    expect(items[2]).toMatchObject({ app: "web", node: "test", commit: "succeeded", task_id: id });
    expect((await server.client.listReleases()).items).toHaveLength(3);
    expect((await server.client.listReleases("none")).items).toEqual([]);
    expect(await inUse()).toBe("two");
    expect(await readlink(join(server.dir, "data/apps/web/current"))).toBe(`releases/${items[1]?.id ?? ""}`);
  });

  it("goes back by a task of its own, with the params and step outputs of the release's", async () => {
    await deploy("one");
    await deploy("two");
    const { items } = await server.client.rollBackApp("web");
    expect(items).toHaveLength(1);
    const task = await server.ended(items[0]?.id ?? "");
    expect(task).toMatchObject({
      outcome: "succeeded",
      params: { answer: "one" },
      started_by: { type: "rollback", app: "web", release: null },
      steps: [{ index: 2, kind: "release", state: "succeeded" }],
    });
    expect(await inUse()).toBe("one");
    expect(await states()).toEqual(["withdrawn", "current"]);
    expect(await server.lines(task.id)).toContain("one one");
  });

  it("undoes nothing when the older release is not well any more", async () => {
    await deploy("one");
    await deploy("two");
    const [, first] = (await server.client.listReleases("web")).items;
    await writeFile(join(first?.dir ?? "", "releases", first?.id ?? "", "answer"), "broken");
    const { items } = await server.client.rollBackApp("web", { release: first?.id ?? "" });
    expect(await server.ended(items[0]?.id ?? "")).toMatchObject({ outcome: "failed", state: "CANCELLED" });
    expect(await inUse()).toBe("two");
    await expect(readFile(join(server.dir, "data/work/deploy/undone"))).rejects.toThrow("ENOENT");
  });

  it("waits for a deployment, or ends it first when told", async () => {
    await deploy("one");
    await deploy("two");
    const running = await server.client.startTask({ action: "deploy", params: { answer: "wait" } });
    await server.reached(running.id, "RUNNING");
    const waiting = await server.client.rollBackApp("web");
    expect((await server.client.getTask(waiting.items[0]?.id ?? "")).state).toBe("ENQUEUED");
    const { items } = await server.client.rollBackApp("web", { cancel: true });
    expect(await server.ended(items[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
    expect(await server.ended(running.id)).toMatchObject({ outcome: "cancelled" });
    expect(await server.ended(waiting.items[0]?.id ?? "")).toMatchObject({ outcome: "cancelled" });
    expect(await inUse()).toBe("one");
  });

  it("says why there is nothing to go back to", async () => {
    await expect(server.client.rollBackApp("web")).rejects.toMatchObject({
      status: 404,
      code: "release:not_found",
    });
    await deploy("one");
    await expect(server.client.rollBackApp("web")).rejects.toMatchObject({
      status: 409,
      code: "release:none_earlier",
    });
    await expect(server.client.rollBackApp("web", { release: "x" })).rejects.toMatchObject({
      code: "release:not_found",
    });
  });

  it("is back at the old release after a cancel while the new one is started", async () => {
    await server.close();
    const settings = SETTINGS.replace("grep -v broken answer", "grep -v slow answer || sleep 600");
    server = await startTestServer({ settings });
    await mkdir(join(server.dir, "data"), { recursive: true });
    await deploy("one");
    const { id } = await server.client.startTask({ action: "deploy", params: { answer: "slow" } });
    await vi.waitFor(async () => expect(await server.lines(id)).toContain("slow slow"), { timeout: 20_000 });
    await server.client.cancelTask(id);
    expect(await server.ended(id)).toMatchObject({ outcome: "cancelled", state: "CANCELLED" });
    expect(await inUse()).toBe("one");
    expect(await states()).toEqual(["failed", "current"]);
    expect((await server.lines(id)).filter((line) => line === "slow one")).toHaveLength(1);
  });
});
