import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FakeArchives, startFakeArchives } from "../fakes/github-archives.ts";
import type { FakeApp } from "../fakes/github-app.ts";
import { type FakeTravis, startFakeTravis } from "../fakes/travis-api.ts";
import { createSmallRepository, type SmallRepository } from "./small-repository.ts";
import { startTestServer, type TestServer } from "./server.ts";

export const PASSWORD = "correct horse battery";

/** A server with the deploy API, its users `dscape` and `other`, a real repository, and what stands in for GitHub and Travis. */
export interface DeployWorld {
  readonly server: TestServer;
  readonly github: FakeArchives;
  readonly travis: FakeTravis;
  readonly repository: SmallRepository;
  /** A commit with a package.json that deploys. */
  readonly sha: string;
  /** As `curl -u`. */
  as(user: string, secret?: string): Record<string, string>;
  deploy(payload: unknown, init?: DeployInit): Promise<Response>;
  close(): Promise<void>;
}

export interface DeployInit {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: boolean;
}

export const settingsFor = (github: string, travis: string, more = ""): string => `
server: { listen: 127.0.0.1:0, public_url: "https://webhooks.example.com" }
github: { api_url: "${github}" }
outbound: { allow: [127.0.0.0/8] }
deploy:
  travis_key_urls: ["${travis}"]
  apps:
    hello: { repository: dscape/hello, users: [dscape] }
    private: { repository: dscape/private, users: [dscape] }
actions:
  deploy:
    params: { sha: { pattern: "[0-9a-f]{40}" }, repository: {} }
    on:
      - source: deploy
        event: push
        branch: [master]
        with: { sha: event.commit.sha, repository: event.repository }
    steps:
      - tarball: { github: "\${{ params.repository }}", ref: "\${{ params.sha }}", package_json: true }
      - release:
          app: hello
          from: source
          runtime: command
          restart: [sh, -c, "cat version; grep -v bad version"]
${more}`;

export async function createDeployWorld(settings = settingsFor, app?: FakeApp): Promise<DeployWorld> {
  const dir = await mkdtemp(join(tmpdir(), "hookwright-deploy-"));
  const repository = await createSmallRepository(join(dir, "repository"));
  const sha = await repository.commit({ "package.json": '{"name":"hello-world"}', version: "one" });
  const folders = { "dscape/hello": repository.dir, "dscape/private": repository.dir };
  const users = { ghp_good: "octocat" };
  const github = await startFakeArchives({
    repositories: folders,
    private: ["dscape/private"],
    users,
    ...(app !== undefined && { app }),
  });
  const travis = await startFakeTravis();
  const server = await startTestServer({ settings: settings(github.url, travis.configUrl) });
  for (const name of ["dscape", "other"]) await server.client.addUser({ name, password: PASSWORD });
  const as = (user: string, secret = PASSWORD): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`,
  });
  return {
    server,
    github,
    travis,
    repository,
    sha,
    as,
    deploy(payload, { path = "/1/deploy", headers = as("dscape"), form = false } = {}) {
      const json = typeof payload === "string" ? payload : JSON.stringify(payload);
      const body = form ? new URLSearchParams({ payload: json, email_success: "on" }).toString() : json;
      const type = form ? "application/x-www-form-urlencoded" : "application/json";
      return server.fetch(path, { method: "POST", body, headers: { "content-type": type, ...headers } });
    },
    async close() {
      await server.close();
      await github.close();
      await travis.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The push of 2012, as the older documentation shows it. */
export const githubPayload = (sha: string, change: Record<string, unknown> = {}) => ({
  pusher: { name: "none" },
  repository: {
    name: "hello",
    url: "https://github.com/dscape/hello",
    owner: { name: "dscape", email: "n@example.com" },
  },
  forced: false,
  head_commit: {
    id: sha,
    message: "a commit",
    timestamp: "2012-05-10T10:00:00-07:00",
    author: { name: "n" },
    added: [],
    modified: ["version"],
    removed: [],
  },
  after: sha,
  before: "0".repeat(40),
  deleted: false,
  created: false,
  ref: "refs/heads/master",
  compare: "https://github.com/dscape/hello/compare/x",
  commits: [],
  ...change,
});

/** A build of Travis CI, likewise. */
export const travisPayload = (sha: string, change: Record<string, unknown> = {}) => ({
  id: 1_346_303,
  number: "11",
  status: 0,
  status_message: "Passed",
  config: { language: "node_js", ".configured": true },
  repository: { id: 7, name: "hello", owner_name: "dscape", url: null },
  matrix: [{ id: 1, number: "11.1", state: "finished", commit: sha, branch: "master" }],
  commit: sha,
  branch: "master",
  message: "a commit",
  ...change,
});
