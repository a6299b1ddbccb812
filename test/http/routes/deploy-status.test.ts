import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createDeployWorld, type DeployWorld, githubPayload } from "../../support/deploy-world.ts";

let world: DeployWorld;
beforeEach(async () => {
  world = await createDeployWorld();
});
afterEach(() => world.close());

const entrySchema = z.object({
  id: z.string(),
  seq: z.number(),
  app_name: z.string(),
  uuid: z.string(),
  status: z.string(),
  provider: z.string(),
  commit: z.string(),
  error: z.string().optional(),
  doc: z
    .object({
      tasks: z.array(z.object({ outcome: z.string().nullable(), log: z.array(z.string()).optional() })),
    })
    .optional(),
});
type Entry = z.infer<typeof entrySchema>;

const get = (path: string, headers: Record<string, string> = world.as("dscape")): Promise<Response> =>
  world.server.fetch(path, { headers });
const list = async (path: string): Promise<Entry[]> =>
  z.array(entrySchema).parse(await (await get(path)).json());
const codeOf = async (response: Response): Promise<readonly unknown[]> => {
  const { error } = z
    .object({ error: z.string(), reason: z.string(), uuid: z.string() })
    .parse(await response.json());
  return [response.status, error];
};

/** One deploy that goes well, and one that fails. */
async function deployTwice(): Promise<void> {
  for (const sha of [world.sha, "e".repeat(40)]) {
    await world.deploy(githubPayload(sha), { path: "/1/deploy?wait=60s" });
  }
}

describe("GET /1/status/:user/webhooks", () => {
  it("has what became of each, newest first, in pages", async () => {
    await deployTwice();
    const all = await list("/1/status/dscape/webhooks");
    expect(all.map(({ status, error }) => error ?? status)).toEqual([
      "deploy:github:download_tarball",
      "pending",
      "ok",
      "pending",
    ]);
    // What package.json calls the app, once that is known.
    expect(all[2]).toMatchObject({
      app_name: "hello-world",
      provider: "github",
      commit: `dscape/hello/${world.sha}`,
    });
    expect(all[2]?.id).toMatch(
      /^https:\/\/webhooks\.example\.com\/1\/status\/dscape\/changes\/[0-9a-f]{32}$/,
    );
    expect(await list("/1/status/dscape/webhooks?limit=2&skip=1")).toEqual(all.slice(1, 3));
    expect(await list("/1/status/dscape/webhooks?limit=1")).toEqual(all.slice(0, 1));
    expect(await list("/1/status/dscape/webhooks?skip=3")).toEqual(all.slice(3));
    expect(await list("/1/status/dscape/webhooks/hello?limit=1&skip=3")).toEqual(all.slice(3));
    expect(await list("/1/status/dscape/webhooks/hello?skip=4")).toEqual([]);
    expect(await list("/1/status/dscape/webhooks?limit=0")).toEqual([]);
    expect(await list("/1/status/dscape/webhooks/hello-world?limit=10&skip=0")).toEqual([all[2]]);
    expect(await list("/1/status/dscape/webhooks/hello")).toEqual(all);
    const theirs = await get("/1/status/other/webhooks", world.as("other"));
    expect([theirs.status, await theirs.json()]).toEqual([200, []]);
  });

  it("carries x-api-uuid and x-api-version", async () => {
    const response = await get("/1/status/dscape/webhooks");
    expect(response.headers.get("x-api-uuid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("x-api-version")).toMatch(/^\d+\.\d+\.\d+/);
  });
});

const PATHS = [
  "/1/status/dscape/webhooks",
  "/1/status/dscape/webhooks/hello",
  "/1/status/dscape/changes",
  "/1/status/dscape/changes/x",
];

describe("x-api-uuid and x-api-version", () => {
  const isThere = ({ headers }: Response): boolean =>
    /^[0-9a-f-]{36}$/.test(headers.get("x-api-uuid") ?? "") &&
    // The major version is the one in the path.
    /^1\.\d+\.\d+$/.test(headers.get("x-api-version") ?? "");

  it.each(PATHS)("are on what went well, and on errors: %s", async (path) => {
    const ended = path.endsWith("changes") ? `${path}?feed=normal` : path;
    expect(isThere(await get(ended))).toBe(true);
    expect(isThere(await get(path, world.as("dscape", "wrong")))).toBe(true);
  });

  it("are on deploys and pairings, too", async () => {
    expect(isThere(await world.deploy(githubPayload(world.sha)))).toBe(true);
    expect(isThere(await world.deploy(""))).toBe(true);
    const headers = world.as("dscape");
    expect(isThere(await world.server.fetch("/1/auth/github", { method: "POST", headers }))).toBe(true);
  });
});

describe("the errors of status and changes", () => {
  it.each(PATHS)("mw:auth:unauthorized, 401: %s", async (path) => {
    for (const headers of [
      {},
      world.as("dscape", "wrong"),
      world.as("nobody"),
      { authorization: "Basic !" },
    ]) {
      expect(await codeOf(await get(path, headers))).toEqual([401, "mw:auth:unauthorized"]);
    }
  });

  it.each(PATHS)("mw:auth:not_you, 401: %s", async (path) => {
    expect(await codeOf(await get(path, world.as("other")))).toEqual([401, "mw:auth:not_you"]);
  });

  it("mw:auth:not_you, 401: an app that the token is not good for", async () => {
    const { token } = await world.server.client.createUserToken("dscape", { name: "ci", apps: ["private"] });
    const headers = world.as("dscape", token);
    expect(await codeOf(await get("/1/status/dscape/webhooks/hello", headers))).toEqual([
      401,
      "mw:auth:not_you",
    ]);
    expect((await get("/1/status/dscape/webhooks", headers)).status).toBe(200);
  });

  it("status:db:not_found, 404", async () => {
    expect(await codeOf(await get("/1/status/dscape/webhooks/none"))).toEqual([404, "status:db:not_found"]);
    expect(await codeOf(await get(`/1/status/dscape/changes/${"a".repeat(32)}`))).toEqual([
      404,
      "status:db:not_found",
    ]);
  });

  it("status:changes:timeout, 408", async () => {
    const response = await get("/1/status/dscape/changes?feed=longpoll&timeout=50");
    expect(await codeOf(response)).toEqual([408, "status:changes:timeout"]);
  });

  it("request:invalid, 400, for a parameter that is none", async () => {
    const [webhooks, changes] = ["/1/status/dscape/webhooks", "/1/status/dscape/changes"];
    for (const query of ["limit=x", "limit=-1", "limit=501", "skip=x", "skip=-1"])
      expect([query, ...(await codeOf(await get(`${webhooks}?${query}`)))]).toEqual([
        query,
        400,
        "request:invalid",
      ]);
    for (const query of ["feed=x", "include_docs=x", "since=x", "heartbeat=0", "timeout=x"])
      expect([query, ...(await codeOf(await get(`${changes}?${query}`)))]).toEqual([
        query,
        400,
        "request:invalid",
      ]);
  });
});

/** Reads a stream line by line. */
async function* lines(path: string, signal?: AbortSignal): AsyncGenerator<Entry | string> {
  const response = await world.server.fetch(path, { headers: world.as("dscape"), signal: signal ?? null });
  let rest = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += chunk;
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield part === "" ? "beat" : entrySchema.parse(JSON.parse(part));
  }
}

async function take(stream: AsyncGenerator<Entry | string>, count: number): Promise<(Entry | string)[]> {
  const taken: (Entry | string)[] = [];
  for await (const each of stream) {
    taken.push(each);
    if (taken.length === count) break;
  }
  return taken;
}

describe("GET /1/status/:user/changes", () => {
  it.each(["/1/status/dscape/changes", "/1/status/dscape/changes/"])(
    "streams what happens from now on: %s",
    async (path) => {
      await deployTwice();
      const stream = lines(`${path}?heartbeat=100000`);
      const coming = take(stream, 2);
      const sha = await world.repository.commit({ version: "two" });
      // Connected once a first heartbeat or entry could come; the deploy takes longer than that.
      await world.deploy(githubPayload(sha), { path: "/1/deploy?wait=60s" });
      const got = await coming;
      expect(got).toMatchObject([
        { status: "pending", commit: `dscape/hello/${sha}` },
        { status: "ok", app_name: "hello-world" },
      ]);
    },
  );

  it("goes on behind an entry, ends at what there is with feed=normal, and with feed=longpoll at the first", async () => {
    await deployTwice();
    const all = await take(lines("/1/status/dscape/changes?feed=normal"), 10);
    expect(all).toHaveLength(4);
    const [first] = z.array(entrySchema).parse(all);
    expect(await take(lines(`/1/status/dscape/changes?feed=normal&since=${first?.seq ?? 0}`), 10)).toEqual(
      all.slice(1),
    );
    expect(await take(lines("/1/status/dscape/changes?feed=longpoll&since=0"), 10)).toEqual(all);
    expect(await take(lines("/1/status/dscape/changes?since=0"), 4)).toEqual(all);
  });

  it("adds docs: all of them, or what is long of errors alone", async () => {
    await deployTwice();
    const all = z
      .array(entrySchema)
      .parse(await take(lines("/1/status/dscape/changes?feed=normal&include_docs=true"), 10));
    expect(all.map(({ doc }) => doc?.tasks[0]?.log?.length ?? 0).every((length) => length > 0)).toBe(true);
    const auto = z
      .array(entrySchema)
      .parse(await take(lines("/1/status/dscape/changes?feed=normal&include_docs=auto"), 10));
    expect(auto.map(({ doc }) => doc?.tasks[0]?.log !== undefined)).toEqual([false, false, false, true]);
    const none = z.array(entrySchema).parse(await take(lines("/1/status/dscape/changes?feed=normal"), 10));
    expect(none.every(({ doc }) => doc === undefined)).toBe(true);
  });

  it("gives one entry by its id, and ends", async () => {
    await deployTwice();
    const [newest] = await list("/1/status/dscape/webhooks");
    const path = `${new URL(newest?.id ?? "").pathname}?include_docs=true`;
    const response = await get(path);
    expect(response.headers.get("connection")).toBe("close");
    const entry = entrySchema.parse(await response.json());
    expect(entry).toMatchObject({
      error: "deploy:github:download_tarball",
      doc: { tasks: [{ outcome: "failed" }] },
    });
  });

  it("beats where nothing happens, and ends when its time is up", async () => {
    const stream = await get("/1/status/dscape/changes?heartbeat=20&timeout=200");
    const text = await stream.text();
    expect(text).toMatch(/^\n+\{"error":"status:changes:timeout"/);
  });
});

describe("the badge", () => {
  it("tells how the last deploy went, to anybody, as SVG and PNG", async () => {
    const badge = async (): Promise<string> => (await world.server.fetch("/dscape/hello.svg")).text();
    expect(await badge()).toContain("deploy: none");
    await world.deploy(githubPayload(world.sha), { path: "/1/deploy?wait=60s" });
    expect(await badge()).toContain("deploy: ok");
    await world.deploy(githubPayload("e".repeat(40)), { path: "/1/deploy?wait=60s" });
    expect(await badge()).toContain("deploy: error");
    for (let count = 0; count < 25; count += 1)
      await world.deploy(githubPayload(world.sha, { ref: `refs/heads/${count}` }));
    expect(await badge()).toContain("deploy: error");
    const png = await world.server.fetch("/dscape/hello.png");
    expect(png.headers.get("content-type")).toBe("image/png");
    const bytes = Buffer.from(await png.arrayBuffer());
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    expect(bytes.readUInt32BE(16)).toBeGreaterThan(bytes.readUInt32BE(20));
    expect((await world.server.fetch("/dscape/hello.gif")).status).toBe(404);
  });
});
