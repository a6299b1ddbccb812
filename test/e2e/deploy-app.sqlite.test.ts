import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { stopApp } from "../../src/lib/supervise/control.ts";
import { type FakeArchives, startFakeArchives } from "../fakes/github-archives.ts";
import { githubPayload, PASSWORD } from "../support/deploy-world.ts";
import { freePort } from "../support/free-port.ts";
import { isInstalled } from "../support/installed.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { npmApp } from "../support/npm-app.ts";
import { answerOf, pollSite } from "../support/poll-site.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { createSmallRepository, type SmallRepository } from "../support/small-repository.ts";

/** A small app of Node as people write them; a bad one never begins to listen. */
const serverOf = (version: string): string => `
const http = require("node:http");
const { name } = require("./package.json");
if ("${version}" === "bad") throw new Error("this release is bad");
http.createServer((request, response) => response.end(name + " ${version}"))
  .listen(process.env.PORT, "127.0.0.1");
`;

/** As docs/continuous-deployment.md has them, behind nginx. */
const settings = (): string => `
github: { api_url: "${github.url}" }
outbound: { allow: [127.0.0.0/8] }
deploy:
  apps:
    hello-world: { repository: dscape/hello, users: [dscape] }
actions:
  deploy-hello:
    params: { sha: { pattern: "[0-9a-f]{40}" } }
    on:
      - source: deploy
        event: push
        repository: dscape/hello
        branch: master
        with: { sha: event.commit.sha }
    steps:
      - tarball: { github: dscape/hello, ref: "\${{ params.sha }}", package_json: true }
      - release:
          app: hello-world
          from: source
          build: [[npm, ci, --omit=dev, --offline]]
          runtime: process
          run: [npm, start]
          ports: [${ports.join(", ")}]
          grace: 2s
          health: { http: /, within: 60s, interval: 50ms }
          switch: ${nginx.settings}
`;

let dir: string;
let ports: [number, number];
let nginx: Nginx;
let github: FakeArchives;
let repository: SmallRepository;
let server: TestServer;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-deploy-app-"));
  ports = [await freePort(), await freePort()];
  nginx = await startNginx(join(dir, "nginx"));
  repository = await createSmallRepository(join(dir, "repository"));
  github = await startFakeArchives({ repositories: { "dscape/hello": repository.dir } });
  server = await startTestServer({ settings: settings(), dir });
  await server.client.addUser({ name: "dscape", password: PASSWORD });
});
afterEach(async () => {
  await server.close();
  for (const port of ports) await stopApp(join(dir, "data/apps/hello-world"), port);
  await github.close();
  await nginx.stop();
  await rm(dir, { recursive: true, force: true });
});

const answerSchema = z.looseObject({ uuid: z.string(), status: z.string(), error: z.string().optional() });
const headers = { authorization: `Basic ${Buffer.from(`dscape:${PASSWORD}`).toString("base64")}` };

async function deploy(version: string): Promise<readonly unknown[]> {
  const sha = await repository.commit(npmApp(serverOf(version)));
  const body = JSON.stringify(githubPayload(sha));
  const response = await server.fetch("/1/deploy", { method: "POST", headers, body });
  const { status, error } = answerSchema.parse(await response.json());
  return [response.status, status, error];
}

describe.skipIf(!isInstalled("nginx"))("a small Node app that GitHub tells of", () => {
  it("answers over HTTP; a bad release rolls itself back, and no request fails meanwhile", async () => {
    const before = await nginx.workers();
    expect(await deploy("v1")).toEqual([200, "ok", undefined]);
    await nginx.reloadedSince(before);
    expect(await answerOf(nginx.url)).toBe("200 hello-world v1");
    const stop = pollSite(nginx.url, ["/", "/"]);
    expect(await deploy("v2")).toEqual([200, "ok", undefined]);
    expect(await answerOf(nginx.url)).toBe("200 hello-world v2");
    expect(await deploy("bad")).toEqual([500, "error", "deploy:nodejitsu:start_app"]);
    expect(await answerOf(nginx.url)).toBe("200 hello-world v2");
    const seen = await stop();
    expect([...seen.keys()].toSorted()).toEqual(["200 hello-world v1", "200 hello-world v2"]);
    const { items } = await server.client.listReleases("hello-world");
    expect(items.map(({ state, current }) => [state, current])).toEqual([
      ["failed", false],
      ["healthy", true],
      ["healthy", false],
    ]);
  });
});
