import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { reporterSchema } from "../../src/client/schemas.ts";
import type { FakeGithub } from "../fakes/github-api.ts";
import { createKappWorld, KAPP_TOKEN as TOKEN, type KappWorld } from "../support/k-app-world.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** The original's progress while each step runs. `git rev-parse` set none there. */
const PROGRESS = {
  "git fetch": 0,
  "git rev-parse": 10,
  "git checkout": 10,
  "yarn install": 25,
  "yarn cli backup": 50,
  "yarn cli migrate": 65,
  "systemctl restart": 80,
};

let world: KappWorld;
let server: TestServer;
let github: FakeGithub;
let commits: KappWorld["commits"];
beforeAll(async () => {
  world = await createKappWorld();
  ({ server, github, commits } = world);
});
afterAll(() => world.close());
beforeEach(() => world.reset());

const inDir = (name: string): string => world.inDir(name);
const headOf = (clone: string): Promise<string> => world.headOf(clone);
const calls = (): Promise<string[]> => world.calls();
const isWaiting = (): boolean => existsSync(inDir("waiting"));

const call = (fields: Readonly<Record<string, string>>): Promise<Response> =>
  server.fetch("/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: TOKEN, ...fields }),
  });
const reporter = async (response: Response) => reporterSchema.parse(await response.json());
const deploy = async (action: string) => (await reporter(await call({ action, sha: commits.good }))).id;

describe.each([
  ["deploy-prod", "kapp", "kapp@*"],
  ["deploy-staging", "kapp-staging", "kapp-staging@*"],
])("%s", (action, clone, unit) => {
  it("does what the original did, in its order, with its progress", async () => {
    await writeFile(inDir("gated"), "");
    const first = await reporter(await call({ action, sha: commits.good }));
    expect(first).toMatchObject({ state: "ENQUEUED", progress: 0, startDate: null, endDate: null });
    const { id } = first;
    const follow = async () => reporter(await call({ action: "follow-action", id }));
    for (const progress of Object.values(PROGRESS)) {
      await expect.poll(isWaiting, { timeout: 20_000 }).toBe(true);
      await expect.poll(async () => (await follow()).progress, { timeout: 5_000 }).toBe(progress);
      expect((await follow()).state).toBe("RUNNING");
      await rm(inDir("waiting"));
    }
    await server.ended(id);
    expect(await follow()).toMatchObject({
      state: "COMPLETED",
      progress: 100,
      metadata: { outcome: "succeeded", params: { sha: commits.good } },
    });
    await rm(inDir("gated"));
    expect(await headOf(clone)).toBe(commits.good);
    expect(await calls()).toEqual([
      `yarn install --non-interactive --frozen-lockfile in ${clone}`,
      `yarn cli backup in ${clone}`,
      "yarn cli migrate in server",
      `systemctl restart ${unit} in ${clone}`,
    ]);
    expect(await server.lines(id)).toContain(`this is systemctl restart ${unit}`);
  });

  it("undoes what was done, last first, when a step fails", async () => {
    await writeFile(inDir("failing"), `systemctl restart ${unit}\n`);
    const id = await deploy(action);
    await server.ended(id);
    const ended = await reporter(await call({ action: "follow-action", id }));
    expect(ended).toMatchObject({ state: "CANCELLED", progress: 80, metadata: { outcome: "failed" } });
    expect(ended.metadata["reason"]).toMatch(/restart failed: .*exited with 3/);
    expect(await headOf(clone)).toBe(commits.old);
    expect((await calls()).slice(-2)).toEqual([
      `systemctl restart ${unit} in ${clone}`,
      "yarn cli migrate down in server",
    ]);
    const undos = (await server.client.getTask(id)).steps.filter(({ phase }) => phase === "undo");
    expect(undos.map(({ name, state }) => [name, state])).toEqual([
      [undos[0]?.name, "succeeded"],
      [undos[1]?.name, "succeeded"],
    ]);
    expect(undos.map(({ index }) => index)).toEqual([6, 3]);
  });

  it("undoes only what was done", async () => {
    await writeFile(inDir("failing"), "yarn install --non-interactive --frozen-lockfile\n");
    const id = await deploy(action);
    expect(await server.ended(id)).toMatchObject({ state: "CANCELLED", progress: 25 });
    expect(await calls()).toEqual([`yarn install --non-interactive --frozen-lockfile in ${clone}`]);
    expect(await headOf(clone)).toBe(commits.old);
  });

  it("ends FAILED_CANCELLING when an undo fails, and still does the other one", async () => {
    await writeFile(inDir("failing"), `systemctl restart ${unit}\nyarn cli migrate down\n`);
    const id = await deploy(action);
    expect(await server.ended(id)).toMatchObject({ state: "FAILED_CANCELLING", outcome: "failed" });
    expect(await headOf(clone)).toBe(commits.old);
  });

  it("is cancelled in the middle of a step, and undone", async () => {
    await writeFile(inDir("gated"), "");
    const id = await deploy(action);
    // All but the migration, in the middle of which it is to be cancelled.
    for (let step = 0; step < 5; step += 1) {
      await expect.poll(isWaiting, { timeout: 20_000 }).toBe(true);
      await rm(inDir("waiting"));
    }
    await expect.poll(isWaiting, { timeout: 20_000 }).toBe(true);
    // The undos are not to wait.
    await rm(inDir("gated"));
    expect((await call({ action: "cancel-action", id })).status).toBe(200);
    expect(await server.ended(id)).toMatchObject({ state: "CANCELLED", outcome: "cancelled", progress: 65 });
    expect(await headOf(clone)).toBe(commits.old);
  });
});

describe("a commit that may not be deployed", () => {
  const UNKNOWN = "9".repeat(40);

  it.each([
    ["is unknown", () => UNKNOWN, "This commit doesn't exist"],
    ["is not verified", () => commits.unsigned, "Commit is not verified by github"],
    ["is not the head", () => commits.behind, "Commit is not HEAD on prod"],
    ["is the head of another branch", () => commits.loose, "Commit is not HEAD on prod"],
  ])("because it %s is refused at once, and nothing starts", async (_name, sha, message) => {
    const before = (await server.client.listTasks({ limit: 500 })).items.length;
    const response = await call({ action: "deploy-prod", sha: sha() });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      400,
      "application/json; charset=utf-8",
    ]);
    expect(await response.json()).toBe(message);
    expect((await server.client.listTasks({ limit: 500 })).items).toHaveLength(before);
    expect(await calls()).toEqual([]);
  });

  it("because its branch is not protected is refused as well", async () => {
    const { env } = world;
    const settings = world.settings.replaceAll("branch: prod", "branch: loose");
    const other = await startTestServer({ settings, env, work: false });
    try {
      const body = JSON.stringify({ token: TOKEN, action: "deploy-prod", sha: commits.loose });
      const headers = { "content-type": "application/json" };
      const response = await other.fetch("/", { method: "POST", headers, body });
      expect([response.status, await response.json()]).toEqual([400, "Branch loose is not protected"]);
    } finally {
      await other.close();
    }
  });

  it("because GitHub does not know its branches is refused in the original's words", async () => {
    github.faults.push({
      status: 200,
      body: { sha: commits.good, commit: { verification: { verified: true } } },
    });
    github.faults.push({ status: 404 });
    const response = await call({ action: "deploy-prod", sha: commits.good });
    expect(await response.json()).toBe("Error while getting branches for head commit");
    expect(response.status).toBe(400);
  });

  it("is refused when it runs, too: it may have been overtaken while it waited", async () => {
    const { id } = await server.client.startTask({ action: "deploy-prod", params: { sha: commits.behind } });
    const ended = await server.ended(id);
    expect(ended).toMatchObject({ state: "CANCELLED", outcome: "failed", progress: 0 });
    expect(ended.reason).toContain("Commit is not HEAD on prod");
    expect(await calls()).toEqual([]);
  });
});

describe("a server started as K-App's was, by the environment alone", () => {
  it("serves the example on PORT with TOKEN_HASH", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "hookwright-"));
    const bin = fileURLToPath(new URL("../../bin/hookwright.js", import.meta.url));
    const env = { PATH: process.env["PATH"] ?? "", ...world.env, PORT: "0" };
    const child = execa(process.execPath, [bin, "start"], { cwd, env, extendEnv: false, reject: false });
    try {
      const url = await urlOf(child.stderr);
      const post = (fields: Readonly<Record<string, string>>) =>
        fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ token: TOKEN, ...fields }),
        });
      expect(await (await post({ action: "deploy-prod" })).json()).toBe(
        "sha field must be a string, received undefined",
      );
      expect(await (await post({ action: "follow-action", id: "x" })).json()).toBe("Could not find id x");
      expect((await post({ action: "deploy-staging", token: "wrong" })).status).toBe(403);
    } finally {
      child.kill("SIGTERM");
      await child;
      await rm(cwd, { recursive: true, force: true });
    }
  });
});

/** From the line in which the server says where it serves. */
async function urlOf(stderr: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of stderr) {
    text += String(chunk);
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`the server ended: ${text}`);
}
