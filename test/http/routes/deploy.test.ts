import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { archive } from "../../support/archives.ts";
import {
  createDeployWorld,
  type DeployWorld,
  githubPayload,
  settingsFor,
  travisPayload,
} from "../../support/deploy-world.ts";

let world: DeployWorld;
beforeEach(async () => {
  world = await createDeployWorld();
});
afterEach(() => world.close());

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function json(response: Response): Promise<Record<string, unknown>> {
  const value: unknown = await response.json();
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The whole way, to the end of the deployment. */
const deployAndWait = (payload: unknown, path = "/1/deploy"): Promise<Response> =>
  world.deploy(payload, { path: `${path}?wait=60s` });

describe("POST /1/deploy and POST /", () => {
  it.each(["/1/deploy", "/"])("deploys a push of GitHub: %s", async (path) => {
    const response = await deployAndWait(githubPayload(world.sha), path);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-api-uuid")).toMatch(UUID);
    expect(response.headers.get("x-api-version")).toMatch(/^\d+\.\d+\.\d+/);
    const answer = await json(response);
    expect(answer).toMatchObject({
      ok: true,
      status: "ok",
      app_name: "hello-world",
      provider: "github",
      commit: `dscape/hello/${world.sha}`,
    });
    expect(answer["uuid"]).toBe(response.headers.get("x-api-uuid"));
    const { items } = await world.server.client.listReleases("hello");
    expect(items).toHaveLength(1);
    expect(items[0]?.current).toBe(true);
  });

  it.each([
    { "x-github-event": "push" },
    { "user-agent": "GitHub-Hookshot/044aadd" },
    { "travis-repo-slug": "dscape/hello" },
  ])("answers who sends webhooks at once: %o", async (headers) => {
    const response = await world.deploy(githubPayload(world.sha), {
      headers: { ...world.as("dscape"), ...headers },
    });
    expect(await json(response)).toMatchObject({ ok: true, status: "pending" });
  });

  it("answers at once who says so", async () => {
    const response = await world.deploy(githubPayload(world.sha), { path: "/1/deploy?wait=0" });
    expect(await json(response)).toMatchObject({ ok: true, status: "pending" });
  });

  it("answers before the deployment has begun, and takes forms as well as JSON", async () => {
    const response = await world.deploy(githubPayload(world.sha), { form: true });
    expect(response.status).toBe(200);
    expect(await json(response)).toMatchObject({
      ok: true,
      status: "pending",
      tasks: [{ action: "deploy" }],
    });
  });

  it("deploys a build of Travis CI that passed, sent with credentials", async () => {
    const response = await world.deploy(travisPayload(world.sha), { form: true, path: "/1/deploy?wait=60s" });
    expect(await json(response)).toMatchObject({ status: "ok", provider: "travis" });
  });

  it("takes the payload of today", async () => {
    const repository = { name: "hello", full_name: "dscape/hello", owner: { login: "dscape" } };
    expect(await json(await deployAndWait(githubPayload(world.sha, { repository })))).toMatchObject({
      status: "ok",
    });
  });

  it("never deploys a build that failed, another branch, or a branch that was removed", async () => {
    for (const payload of [
      travisPayload(world.sha, { status: 1, status_message: "Failed" }),
      travisPayload(world.sha, { status: 1 }),
      travisPayload(world.sha, { type: "pull_request" }),
      githubPayload(world.sha, { ref: "refs/heads/other" }),
      githubPayload("0".repeat(40), { deleted: true, before: world.sha, head_commit: null }),
    ]) {
      const response = await world.deploy(payload);
      expect(response.status).toBe(200);
      expect(await json(response)).toMatchObject({ ok: true, status: "ignored", tasks: [] });
    }
  });

  it("does a repeated delivery once", async () => {
    const headers = { ...world.as("dscape"), "x-github-delivery": "one" };
    const first = await json(await world.deploy(githubPayload(world.sha), { headers }));
    const second = await json(await world.deploy(githubPayload(world.sha), { headers }));
    expect(second).toMatchObject({ duplicate: true, delivery: first["delivery"], tasks: first["tasks"] });
  });
});

describe("the error", () => {
  /** Status and code; the rest is the same for all. */
  const failing = async (response: Response): Promise<readonly unknown[]> => {
    const answer = await json(response);
    expect(answer["reason"]).toEqual(expect.any(String));
    expect(answer["uuid"]).toBe(response.headers.get("x-api-uuid"));
    expect(response.headers.get("x-api-version")).not.toBeNull();
    return [response.status, answer["error"]];
  };

  it("is the answer of a client that has waited for the end, as with the older server", async () => {
    const sha = await world.repository.commit({ version: "bad" });
    expect(await failing(await world.deploy(githubPayload(sha)))).toEqual([
      500,
      "deploy:nodejitsu:start_app",
    ]);
    expect(await json(await world.deploy(githubPayload(world.sha)))).toMatchObject({ status: "ok" });
  });

  it.each(["/1/deploy", "/"])("deploy:auth:bad_creds, 401: %s", async (path) => {
    const { as, deploy, sha } = world;
    for (const headers of [{}, as("dscape", "wrong"), as("nobody"), { authorization: "Bearer x" }]) {
      const response = await deploy(githubPayload(sha), { path, headers });
      expect(response.headers.get("www-authenticate")).toContain("Basic");
      expect(await failing(response)).toEqual([401, "deploy:auth:bad_creds"]);
    }
  });

  it("deploy:auth:bad_creds for another's app, and for a token of another app", async () => {
    const { as, deploy, sha, server } = world;
    expect(await failing(await deploy(githubPayload(sha), { headers: as("other") }))).toEqual([
      401,
      "deploy:auth:bad_creds",
    ]);
    const { token } = await server.client.createUserToken("dscape", { name: "ci", apps: ["private"] });
    expect(await failing(await deploy(githubPayload(sha), { headers: as("dscape", token) }))).toEqual([
      401,
      "deploy:auth:bad_creds",
    ]);
    const { token: good } = await server.client.createUserToken("dscape", { name: "good", apps: ["hello"] });
    expect((await deploy(githubPayload(sha), { headers: as("dscape", good) })).status).toBe(200);
    expect(
      await failing(await deploy(githubPayload(sha), { headers: { "x-hookwright-user": "dscape" } })),
    ).toEqual([401, "deploy:auth:bad_creds"]);
  });

  it.each(["/1/deploy", "/"])("deploy:no_payload, 400: %s", async (path) => {
    expect(await failing(await world.deploy("", { path }))).toEqual([400, "deploy:no_payload"]);
    // A form whose field is empty, and one that has none.
    expect(await failing(await world.deploy("", { path, form: true }))).toEqual([400, "deploy:no_payload"]);
    const headers = { ...world.as("dscape"), "content-type": "application/x-www-form-urlencoded" };
    expect(await failing(await world.deploy("email_success=on", { path, headers }))).toEqual([
      400,
      "deploy:no_payload",
    ]);
  });

  it.each([
    "{",
    "[]",
    "{}",
    '{"ref":"refs/heads/master"}',
    JSON.stringify({ repository: { owner_name: "x", name: "y" }, matrix: [] }),
  ])("deploy:provider:not_supported, 400: %s", async (payload) => {
    expect(await failing(await world.deploy(payload))).toEqual([400, "deploy:provider:not_supported"]);
  });

  it.each(["/1/deploy", "/"])("body:too_large, 413: %s", async (path) => {
    const payload = githubPayload(world.sha, { pad: "x".repeat(25 * 1024 * 1024) });
    expect(await failing(await world.deploy(payload, { path }))).toEqual([413, "body:too_large"]);
    const body = JSON.stringify(githubPayload(world.sha, { pad: "x".repeat(1024 * 1024) }));
    const headers = { "content-type": "application/json" };
    const stranger = await world.server.fetch(path, { method: "POST", body, headers });
    expect(await failing(stranger)).toEqual([413, "body:too_large"]);
  });

  it.each(["/1/deploy", "/"])("is taken where it is as large as a push may be: %s", async (path) => {
    const payload = githubPayload(world.sha, { pad: "x".repeat(5 * 1024 * 1024) });
    const response = await world.deploy(payload, { path });
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ ok: true })]);
  });

  it("deploy:github:no_pkg_json, 502", async () => {
    const sha = await world.repository.commit({ "package.json": null });
    expect(await failing(await deployAndWait(githubPayload(sha)))).toEqual([
      502,
      "deploy:github:no_pkg_json",
    ]);
  });

  it("deploy:github:download_tarball, 502", async () => {
    expect(await failing(await deployAndWait(githubPayload("e".repeat(40))))).toEqual([
      502,
      "deploy:github:download_tarball",
    ]);
  });

  it("deploy:tar:*, 500", async () => {
    world.github.archives.set(world.sha, await archive([{ name: "root/../../x", text: "x" }]));
    expect(await failing(await deployAndWait(githubPayload(world.sha)))).toEqual([
      500,
      "deploy:tar:unsafe_path",
    ]);
    world.github.archives.set(world.sha, Buffer.from("no archive"));
    expect(await failing(await deployAndWait(githubPayload(world.sha)))).toEqual([
      500,
      "deploy:tar:malformed",
    ]);
  });

  it("deploy:nodejitsu:start_app, 500", async () => {
    const sha = await world.repository.commit({ version: "bad" });
    expect(await failing(await deployAndWait(githubPayload(sha)))).toEqual([
      500,
      "deploy:nodejitsu:start_app",
    ]);
  });

  it("deploy:nodejitsu:upload_tarball, 502", async () => {
    await world.close();
    world = await createDeployWorld((github, travis) =>
      settingsFor(github, travis).replace("from: source", "from: elsewhere"),
    );
    expect(await failing(await deployAndWait(githubPayload(world.sha)))).toEqual([
      502,
      "deploy:nodejitsu:upload_tarball",
    ]);
  });

  it("request:not_found where no app is named", async () => {
    await world.close();
    world = await createDeployWorld((github, travis) =>
      settingsFor(github, travis).replace(/ {2}apps:[^]*?actions:[^]*/, ""),
    );
    expect(await failing(await world.deploy(githubPayload(world.sha)))).toEqual([404, "request:not_found"]);
  });
});
