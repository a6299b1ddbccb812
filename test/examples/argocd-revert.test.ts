import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { receivedSchema } from "../../src/client/schemas.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

const TOKEN = "a-token-that-argo-cd-sends";
const EXAMPLE = join(import.meta.dirname, "../../examples/argocd/without-workflow.yaml");

let dir = "";
let origin = "";
let desk = "";
let server: TestServer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-example-"));
  origin = join(dir, "gitops.git");
  desk = join(dir, "desk");
  git(dir, "init", "-q", "--bare", "-b", "main", origin);
  git(dir, "clone", "-q", origin, desk);
  await mkdir(join(desk, "apps/web"), { recursive: true });
  const text = await readFile(EXAMPLE, "utf8");
  const settings = text.replace(/repository: ".*"/, `repository: ${origin}`);
  server = await startTestServer({ settings, env: { WEBHOOK_TOKEN: TOKEN } });
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

function git(cwd: string, ...args: string[]): string {
  const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  const env = { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1" };
  return execFileSync("git", [...identity, ...args], { cwd, env, encoding: "utf8", stdio: "pipe" }).trim();
}

async function deploy(tag: string): Promise<string> {
  await writeFile(join(desk, "apps/web/values.yaml"), `tag: ${tag}\n`);
  git(desk, "add", ".");
  git(desk, "commit", "-q", "-m", tag);
  git(desk, "push", "-q", "origin", "HEAD:main");
  return git(desk, "rev-parse", "HEAD");
}

async function report(status: string, revision: string) {
  const response = await server.fetch("/hooks/argocd", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ app: "web", status, revision }),
  });
  return receivedSchema.parse(await response.json());
}

describe("the example without a workflow", () => {
  it("brings the application back in the repository, whatever day it is", async () => {
    const good = await deploy("1");
    await report("Healthy", good);
    const bad = await deploy("2");
    const { tasks } = await report("Degraded", bad);
    expect(tasks).toHaveLength(1);
    expect(await server.ended(tasks[0]?.id ?? "")).toMatchObject({ outcome: "succeeded" });
    expect(git(origin, "show", "main:apps/web/values.yaml")).toBe("tag: 1");
    expect(git(origin, "log", "-1", "--format=%an <%ae> %s", "main")).toBe(
      `Rollback <rollback@example.com> Back to ${good}: ${bad} degraded`,
    );
    expect((await report("Degraded", bad)).duplicate).toBe(true);
  });
});
