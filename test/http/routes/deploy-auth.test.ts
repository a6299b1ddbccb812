import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createDeployWorld, type DeployWorld, githubPayload } from "../../support/deploy-world.ts";

let world: DeployWorld;
beforeEach(async () => {
  world = await createDeployWorld();
});
afterEach(() => world.close());

const errorSchema = z.object({ error: z.string(), reason: z.string(), uuid: z.string() });

const pair = (body: unknown, { query = "", headers = world.as("dscape") } = {}): Promise<Response> =>
  world.server.fetch(`/1/auth/github${query}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
const codeOf = async (response: Response): Promise<readonly unknown[]> => [
  response.status,
  errorSchema.parse(await response.json()).error,
];
const GOOD = { credentials: "octocat:ghp_good" };

describe("POST /1/auth/github", () => {
  it("keeps a token, encrypted, with which the user's private repositories are deployed", async () => {
    const payload = githubPayload(world.sha, { repository: { name: "private", owner: { name: "dscape" } } });
    const deploy = (): Promise<Response> => world.deploy(payload, { path: "/1/deploy?wait=60s" });
    expect(await codeOf(await deploy())).toEqual([502, "deploy:github:download_tarball"]);
    const response = await pair(GOOD);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-api-version")).toMatch(/^\d+\.\d+\.\d+/);
    expect(await response.json()).toMatchObject({
      ok: true,
      user: "dscape",
      app: null,
      uuid: response.headers.get("x-api-uuid"),
    });
    expect((await deploy()).status).toBe(200);
    const kept = await readFile(join(world.server.dir, "secrets.enc"), "utf8").catch(() => "");
    expect(kept).not.toContain("ghp_good");
  });

  it("does not use a token of one app for fetching, as documented", async () => {
    expect((await pair(GOOD, { query: "?app=private" })).status).toBe(200);
    const payload = githubPayload(world.sha, { repository: { name: "private", owner: { name: "dscape" } } });
    const response = await world.deploy(payload, { path: "/1/deploy?wait=60s" });
    expect(await codeOf(response)).toEqual([502, "deploy:github:download_tarball"]);
  });

  it("mw:auth:unauthorized, 401", async () => {
    expect(await codeOf(await pair(GOOD, { headers: world.as("dscape", "wrong") }))).toEqual([
      401,
      "mw:auth:unauthorized",
    ]);
  });

  it("mw:auth:not_you, 401", async () => {
    expect(await codeOf(await pair(GOOD, { query: "?app=hello", headers: world.as("other") }))).toEqual([
      401,
      "mw:auth:not_you",
    ]);
    const { token } = await world.server.client.createUserToken("dscape", { name: "ci", apps: ["hello"] });
    expect(await codeOf(await pair(GOOD, { headers: world.as("dscape", token) }))).toEqual([
      401,
      "mw:auth:not_you",
    ]);
  });

  it.each(["", "{", "{}", '{"credentials":""}', '{"credentials":1}'])(
    "auth:github:no_credentials, 400: %s",
    async (body) => {
      expect(await codeOf(await pair(body))).toEqual([400, "auth:github:no_credentials"]);
    },
  );

  it.each(["octocat", ":ghp_good", "octocat:", "octocat:a password"])(
    "auth:github:bad_credentials, 400: %s",
    async (credentials) => {
      expect(await codeOf(await pair({ credentials }))).toEqual([400, "auth:github:bad_credentials"]);
      expect(world.github.requests).toEqual([]);
    },
  );

  it("says that GitHub takes no passwords", async () => {
    const { reason } = errorSchema.parse(await (await pair({ credentials: "octocat:secret" })).json());
    expect(reason).toContain("GitHub takes no passwords any more");
  });

  it("auth:github:github_pairing_failed, 401", async () => {
    for (const credentials of ["octocat:ghp_wrong", "somebody:ghp_good"]) {
      expect(await codeOf(await pair({ credentials }))).toEqual([401, "auth:github:github_pairing_failed"]);
    }
    // What is good is not taken either where GitHub does not say so.
    for (const fault of [{ status: 404 }, { status: 200, body: { message: "no user" } }]) {
      world.github.faults.push(fault);
      expect(await codeOf(await pair(GOOD))).toEqual([401, "auth:github:github_pairing_failed"]);
    }
  });

  it("auth:github:update_user_failed, 500", async () => {
    expect((await pair(GOOD)).status).toBe(200);
    await writeFile(join(world.server.dir, "secrets.key"), Buffer.alloc(32).toString("base64"));
    const other = { query: "?app=hello" };
    expect(await codeOf(await pair(GOOD, other))).toEqual([500, "auth:github:update_user_failed"]);
  });
});
