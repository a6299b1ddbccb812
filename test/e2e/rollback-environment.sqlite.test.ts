import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFakeGithub, type FakeGithub } from "../fakes/github-api.ts";

const HOOKWRIGHT = join(import.meta.dirname, "../../bin/hookwright.js");
const PAT = "ghp_token-of-the-gitops-repository";
const sha = (digit: string): string => digit.repeat(40);

let dir: string;
let github: FakeGithub;
let running: ReturnType<typeof launch>[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-env-"));
  github = await startFakeGithub(
    { "mrfour4/seminar-gitops": { commits: {}, branches: {} } },
    { tokens: [PAT] },
  );
  running = [];
});
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.allSettled(running);
  await github.close();
  await rm(dir, { recursive: true, force: true });
});

/** The `.env` of an installation of that server; what a test needs beside is where GitHub is, and a free port. */
const writeEnv = (lines: readonly string[] = []): Promise<void> =>
  writeFile(
    join(dir, ".env"),
    [
      `GH_PAT_WEBHOOK=${PAT}`,
      "REPO_OWNER=mrfour4",
      'REPO_NAME="seminar-gitops"',
      "HOST=127.0.0.1",
      "PORT=0",
      `GITHUB_API_URL=${github.url}`,
      "OUTBOUND_ALLOW=127.0.0.0/8",
      ...lines,
      "",
    ].join("\n"),
  );

interface Started {
  readonly url: string;
  /** All it has printed. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

function launch(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { PATH = "" } = process.env;
  return execa(process.execPath, [HOOKWRIGHT, ...args], {
    cwd: dir,
    env: { PATH, HOME: dir, ...env },
    extendEnv: false,
    all: true,
    reject: false,
  });
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): ReturnType<typeof launch> {
  const child = launch(args, env);
  running.push(child);
  return child;
}

async function start(command: "serve" | "start" = "serve", env = {}): Promise<Started> {
  const child = run([command], env);
  let output = "";
  child.all.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  const url = await vi.waitFor(
    () => {
      const [, found] = /"url":"(http:[^"]+)"/.exec(output) ?? [];
      if (found === undefined) throw new Error(`not serving yet: ${output}`);
      return found;
    },
    { timeout: 30_000, interval: 20 },
  );
  return {
    url,
    output: () => output,
    async kill(signal) {
      child.kill(signal);
      await child;
    },
  };
}

/** As `curl -d` and as Argo CD: no JSON content type is needed. */
async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const response = await fetch(url, { method: "POST", body: bytes, headers });
  await response.text();
  return response.status;
}

const report = (status: string, revision: string): unknown => ({ app: "web", status, revision });

const dispatched = (count: number): Promise<unknown[]> =>
  vi.waitFor(
    () => {
      expect(github.dispatches).toHaveLength(count);
      return github.dispatches.map(({ eventType, clientPayload }) => [eventType, clientPayload]);
    },
    { timeout: 30_000, interval: 20 },
  );

describe("a folder with that server's .env and nothing else", () => {
  it("serves as it did: on every path, both shapes, the remembered commit first", async () => {
    await writeEnv([`LAST_HEALTHY_COMMIT=${sha("a")}`, "WEBHOOK_EVENT=argo-down"]);
    const before = await readFile(join(dir, ".env"), "utf8");
    const server = await start();
    expect(server.output()).toMatch(/warning: ANYBODY who reaches 127\.0\.0\.1:0 can start a rollback/);
    expect(await post(`${server.url}/webhook`, report("Degraded", sha("f")))).toBe(202);
    expect(await post(`${server.url}/`, report("Healthy", sha("b")))).toBe(202);
    const client_payload = { failed_revision: "abc123", healthy_revision: sha("c") };
    expect(await post(server.url, { event_type: "argo-degraded", client_payload })).toBe(202);
    expect(await dispatched(2)).toEqual([
      ["argo-down", { failed_revision: sha("f"), healthy_revision: sha("a") }],
      ["argo-down", client_payload],
    ]);
    expect((await fetch(`${server.url}/webhook`)).status).toBe(405);
    expect(server.output()).not.toContain(PAT);
    // So that there is a way back.
    expect(await readFile(join(dir, ".env"), "utf8")).toBe(before);
    expect(existsSync(join(dir, "hookwright.yaml"))).toBe(false);
    expect(existsSync(join(dir, "demo"))).toBe(false);
  });

  it("remembers over a kill, and finishes the rollback that was under way", async () => {
    await writeEnv();
    const first = await start("start");
    expect(await post(`${first.url}/`, report("Degraded", sha("f")))).toBe(409);
    expect(await post(`${first.url}/`, report("Healthy", sha("a")))).toBe(202);
    github.faults.push({ fails: "hang" });
    expect(await post(`${first.url}/`, report("Degraded", sha("f")))).toBe(202);
    await vi.waitFor(() => expect(github.requests).toHaveLength(1), { timeout: 30_000 });
    await first.kill("SIGKILL");
    const second = await start("start");
    const expected = ["argo-degraded", { failed_revision: sha("f"), healthy_revision: sha("a") }];
    expect(await dispatched(1)).toEqual([expected]);
    expect(await post(`${second.url}/`, report("Degraded", sha("f")))).toBe(202);
    await second.kill("SIGTERM");
    expect(github.dispatches).toHaveLength(1);
  });

  it("demands the shared token once there is one", async () => {
    await writeEnv(["WEBHOOK_TOKEN=a-token-for-argo-cd"]);
    const server = await start();
    expect(server.output()).not.toContain("ANYBODY");
    expect(await post(`${server.url}/`, report("Healthy", sha("a")))).toBe(401);
    const authorization = "Bearer a-token-for-argo-cd";
    expect(await post(`${server.url}/`, report("Healthy", sha("a")), { authorization })).toBe(202);
  });

  it("lets the environment have its way", async () => {
    await writeEnv(["WEBHOOK_EVENT=from-the-file"]);
    const server = await start("serve", { WEBHOOK_EVENT: "from-outside" });
    await post(`${server.url}/`, report("Healthy", sha("a")));
    await post(`${server.url}/`, report("Degraded", sha("f")));
    expect(await dispatched(1)).toEqual([["from-outside", expect.anything()]]);
  });

  it.each(["serve", "start"])("says in one line what is missing: %s", async (command) => {
    await writeFile(join(dir, ".env"), `GH_PAT_WEBHOOK=${PAT}\n`);
    const { exitCode, all } = await run([command]);
    expect(exitCode).not.toBe(0);
    expect(all).toContain("also needs REPO_OWNER");
  });
});
