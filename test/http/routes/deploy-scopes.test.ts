import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createDeployWorld, type DeployWorld, githubPayload } from "../../support/deploy-world.ts";

let world: DeployWorld;
/** Of tokens that are good for one of the user's two apps each. */
let hello: Record<string, string>;
let other: Record<string, string>;

beforeEach(async () => {
  world = await createDeployWorld();
  const tokenFor = async (app: string): Promise<Record<string, string>> => {
    const { token } = await world.server.client.createUserToken("dscape", { name: app, apps: [app] });
    return world.as("dscape", token);
  };
  hello = await tokenFor("hello");
  other = await tokenFor("private");
});
afterEach(() => world.close());

const entrySchema = z.object({ id: z.string(), app_name: z.string(), status: z.string() });
type Entry = z.infer<typeof entrySchema>;

const get = (path: string, headers: Record<string, string>): Promise<Response> =>
  world.server.fetch(path, { headers });
const list = async (path: string, headers: Record<string, string>): Promise<Entry[]> =>
  z.array(entrySchema).parse(await (await get(path, headers)).json());
const changes = async (headers: Record<string, string>, query = "feed=normal"): Promise<Entry[]> =>
  (await (await get(`/1/status/dscape/changes?${query}`, headers)).text())
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => entrySchema.parse(JSON.parse(line)));
const codeOf = async (response: Response): Promise<readonly unknown[]> => [
  response.status,
  z.object({ error: z.string() }).parse(await response.json()).error,
];
const NOT_YOU = [401, "mw:auth:not_you"];

const deploy = (sha: string): Promise<Response> =>
  world.deploy(githubPayload(sha), { path: "/1/deploy?wait=60s" });

describe("a token of one app", () => {
  it("shows all that became of that app, also once package.json has given it another name", async () => {
    await deploy(world.sha);
    const all = await list("/1/status/dscape/webhooks", hello);
    expect(all.map(({ app_name, status }) => [app_name, status])).toEqual([
      ["hello-world", "ok"],
      ["hello", "pending"],
    ]);
    expect(await changes(hello)).toEqual(all.toReversed());
    expect(await list("/1/status/dscape/webhooks/hello", hello)).toEqual(all);
    expect(await list("/1/status/dscape/webhooks/hello-world", hello)).toEqual(all.slice(0, 1));
    expect(await list("/1/status/dscape/webhooks/hello-world?skip=1", hello)).toEqual([]);
    const { pathname } = new URL(all[0]?.id ?? "");
    expect(await (await get(pathname, hello)).json()).toMatchObject(all[0] ?? {});
  });

  it("shows nothing of another app, whatever that app's package.json calls itself", async () => {
    await deploy(await world.repository.commit({ "package.json": '{"name":"private"}' }));
    const [newest] = await list("/1/status/dscape/webhooks", world.as("dscape"));
    expect(newest).toMatchObject({ app_name: "private", status: "ok" });
    expect(await list("/1/status/dscape/webhooks", other)).toEqual([]);
    expect(await changes(other)).toEqual([]);
    expect(await codeOf(await get("/1/status/dscape/webhooks/private", other))).toEqual([
      404,
      "status:db:not_found",
    ]);
    for (const path of ["hello", "hello?skip=5", "hello?limit=0", "none"])
      expect(await codeOf(await get(`/1/status/dscape/webhooks/${path}`, other))).toEqual(NOT_YOU);
    expect(await codeOf(await get(new URL(newest?.id ?? "").pathname, other))).toEqual(NOT_YOU);
  });

  it("fills its pages, whatever else there is of the user", async () => {
    await deploy(world.sha);
    await world.deploy(githubPayload(world.sha, { ref: "refs/heads/other", repository: PRIVATE }));
    await world.deploy(githubPayload(world.sha, { ref: "refs/heads/another", repository: PRIVATE }));
    const [newest, oldest] = await list("/1/status/dscape/webhooks", hello);
    expect(await list("/1/status/dscape/webhooks?limit=1", hello)).toEqual([newest]);
    expect(await list("/1/status/dscape/webhooks?limit=1&skip=1", hello)).toEqual([oldest]);
    expect(await list("/1/status/dscape/webhooks?limit=1&skip=2", hello)).toEqual([]);
  });

  it("follows that app alone", async () => {
    const following = changes(hello, "feed=longpoll&since=0&timeout=60000");
    await world.deploy(githubPayload(world.sha, { ref: "refs/heads/other", repository: PRIVATE }));
    await deploy(world.sha);
    expect((await following)[0]).toMatchObject({ app_name: "hello", status: "pending" });
    // The name in package.json is known by then.
    expect((await changes(hello)).at(-1)).toMatchObject({ app_name: "hello-world", status: "ok" });
  });
});

const PRIVATE = { name: "private", owner: { name: "dscape" } };

describe("a token that is good no longer", () => {
  it("is mw:auth:unauthorized, and deploy:auth:bad_creds where it would deploy", async () => {
    const { client } = world.server;
    const soon = new Date(Date.now() + 2_000).toISOString();
    const { token: late } = await client.createUserToken("dscape", {
      name: "late",
      apps: null,
      expires_at: soon,
    });
    const { token: revoked } = await client.createUserToken("dscape", { name: "gone", apps: null });
    expect((await get("/1/status/dscape/webhooks", world.as("dscape", revoked))).status).toBe(200);
    await client.revokeUserToken("dscape", "gone");
    await expect
      .poll(async () => (await get("/1/status/dscape/webhooks", world.as("dscape", late))).status, {
        timeout: 20_000,
      })
      .toBe(401);
    for (const secret of [late, revoked]) {
      const headers = world.as("dscape", secret);
      expect(await codeOf(await get("/1/status/dscape/webhooks", headers))).toEqual([
        401,
        "mw:auth:unauthorized",
      ]);
      expect(await codeOf(await world.deploy(githubPayload(world.sha), { headers }))).toEqual([
        401,
        "deploy:auth:bad_creds",
      ]);
    }
  });
});
