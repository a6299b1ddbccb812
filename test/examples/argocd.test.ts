import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { argocd } from "../../src/sources/argocd.ts";
import { bindSource } from "../../src/sources/source.ts";
import { containing } from "../support/like.ts";

const root = join(import.meta.dirname, "../..");
const read = (name: string): Promise<string> => readFile(join(root, "examples/argocd", name), "utf8");

const configMap = z.object({ data: z.record(z.string(), z.string()) });
const template = z.object({
  webhook: z.record(z.string(), z.object({ method: z.string(), body: z.string() })),
});
const application = z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) });
const workflow = z.object({
  jobs: z.object({
    rollback: z.object({
      env: z.record(z.string(), z.string()),
      steps: z.array(z.object({ run: z.string().optional() })),
    }),
  }),
});

describe("the manifests for Argo CD", () => {
  let data: Readonly<Record<string, string>>;
  beforeAll(async () => {
    ({ data } = configMap.parse(parse(await read("argocd-notifications-cm.yaml"))));
  });

  it("send by POST what the source takes", () => {
    const { webhook } = template.parse(parse(data["template.app-health"] ?? ""));
    const { method, body } = webhook["hookwright"] ?? { method: "", body: "" };
    expect(method).toBe("POST");
    const sent = body
      .replace("{{.app.metadata.name}}", "web")
      .replace("{{.app.status.health.status}}", "Degraded")
      .replace("{{.app.status.sync.revision}}", "a".repeat(40));
    const credentials = { secrets: ["x"], unsafeNoAuth: false };
    const source = bindSource({
      name: "argocd",
      kind: argocd,
      options: argocd.schema.parse({}),
      credentials,
    });
    expect(source.describe({ headers: {}, body: Buffer.from(sent) })).toMatchObject({
      ok: true,
      event: { status: "Degraded", health: { app: "web", revision: "a".repeat(40) } },
    });
  });

  it("fit together: annotations, triggers, templates, the service", async () => {
    const { metadata } = application.parse(parse(await read("application.yaml")));
    for (const name of Object.keys(metadata.annotations)) {
      const [, trigger = "", service = ""] = /\/subscribe\.([\w-]+)\.([\w-]+)$/.exec(name) ?? [];
      expect(data).toHaveProperty([`trigger.${trigger}`], containing("send: [app-health]"));
      expect(data).toHaveProperty([`service.webhook.${service}`], containing("Bearer $hookwright-token"));
    }
    expect(await read("argocd-notifications-secret.yaml")).toContain("  hookwright-token:");
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("the walk", () => {
  it("goes as it says", async () => {
    const text = await read("README.md");
    const blocks = [...text.matchAll(/^```bash\n(.*?)^```/gms)].map(([, block = ""]) => block);
    expect(blocks).toHaveLength(5);
    const [server, github] = [await freePort(), await freePort()];
    const move = `sed -i 's/:3000/:${server}/; s/:3001/:${github}/' "$walk/hookwright.yaml"`;
    const moved = blocks.join("\n").replaceAll(":3000", `:${server}`).replace(" 3001 ", ` ${github} `);
    // Whatever fails, nothing is left running.
    const script = `trap 'kill $(jobs -p) || true' EXIT\n${moved.replace("\nnode ", `\n${move}\nnode `)}`;
    const { stdout } = await execa("bash", ["-euo", "pipefail", "-c", script], {
      cwd: root,
      timeout: 50_000,
      env: { NO_COLOR: "1" },
    });
    const one = "1".repeat(40);
    expect(stdout).toContain(
      `GitHub: argo-degraded for you/gitops: {"failed_revision":"${"2".repeat(40)}","healthy_revision":"${one}"}`,
    );
    expect(stdout.match(/"duplicate":true/g)).toHaveLength(1);
    expect(stdout).toContain(`does not start rollback (rule 1): The rollback to ${one} degraded again`);
    expect(stdout).toContain("✓ starts rollback-refused");
  });
});

describe("the receiving workflow", () => {
  let dir: string;
  let bare: string;
  let script: string;
  let constants: Readonly<Record<string, string>>;
  /** Commits of main, the oldest first, and one that was never on it. */
  let commits: string[];
  let stranger: string;

  const git = async (cwd: string, ...args: readonly string[]): Promise<string> => {
    const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    const { stdout } = await execa("git", [...identity, ...args], { cwd });
    return stdout;
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "hookwright-workflow-"));
    bare = join(dir, "gitops.git");
    const { rollback } = workflow.parse(parse(await read("rollback-workflow.yaml"))).jobs;
    script = rollback.steps.find((step) => step.run !== undefined)?.run ?? "";
    constants = Object.fromEntries(
      Object.entries(rollback.env).filter(([, value]) => !value.includes("${{")),
    );
    await git(dir, "init", "--quiet", "--bare", "--initial-branch=main", bare);
    const work = join(dir, "work");
    await git(dir, "clone", "--quiet", bare, work);
    await git(work, "checkout", "--quiet", "-b", "main");
    await execa("mkdir", ["web"], { cwd: work });
    commits = [];
    for (const version of ["1", "2", "3"]) {
      await writeFile(join(work, "web/values.yaml"), `version: ${version}\n`);
      await git(work, "add", ".");
      await git(work, "commit", "--quiet", "--message", `Version ${version}`);
      commits.push(await git(work, "rev-parse", "HEAD"));
    }
    await git(work, "push", "--quiet", "origin", "main");
    await git(work, "checkout", "--quiet", "--orphan", "elsewhere");
    await git(work, "commit", "--quiet", "--message", "Never reviewed");
    stranger = await git(work, "rev-parse", "HEAD");
    await git(work, "push", "--quiet", "origin", "elsewhere");
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** What the runner does: a checkout of main, then the script with its environment. */
  async function run(healthy: string, failed = "f".repeat(40)) {
    const checkout = await mkdtemp(join(dir, "runner-"));
    await git(dir, "clone", "--quiet", "--branch", "main", bare, checkout);
    const env = { ...constants, HEALTHY: healthy, FAILED: failed, PWNED: join(dir, "pwned") };
    return execa("bash", ["-c", script], { cwd: checkout, env, reject: false, all: true });
  }

  const live = (): Promise<string> => git(bare, "show", "main:web/values.yaml");

  it("takes its values from the environment alone", () => {
    expect(script).not.toContain("${{");
  });

  it("restores the path and pushes; the second time there is nothing to do", async () => {
    expect(await live()).toBe("version: 3");
    expect(await run(commits[0] ?? "")).toMatchObject({ exitCode: 0 });
    expect(await live()).toBe("version: 1");
    expect(await git(bare, "log", "-1", "--format=%s", "main")).toBe(
      `Restore web/values.yaml of ${commits[0]}: ${"f".repeat(40)} degraded`,
    );
    expect(await run(commits[0] ?? "")).toMatchObject({ exitCode: 0, all: containing("is as it was") });
    expect(await run((commits[1] ?? "").slice(0, 12), "abc123")).toMatchObject({ exitCode: 0 });
    expect(await live()).toBe("version: 2");
  });

  it.each([
    ["$(touch $PWNED)", "f".repeat(40)],
    ["main", "f".repeat(40)],
    ["--orphan", "f".repeat(40)],
    ["", "f".repeat(40)],
    [`${"a".repeat(40)}\n$(touch $PWNED)`, "f".repeat(40)],
    ["a".repeat(40), '"; touch $PWNED; "'],
  ])("refuses %j and %j", async (healthy, failed) => {
    const before = await git(bare, "rev-parse", "main");
    const { exitCode, all } = await run(healthy, failed);
    expect([exitCode, all]).toEqual([1, containing("is no commit id")]);
    expect(await git(bare, "rev-parse", "main")).toBe(before);
    await expect(readFile(join(dir, "pwned"))).rejects.toThrow("ENOENT");
  });

  it("refuses commits that were never on the branch, and unknown ones", async () => {
    for (const healthy of [stranger, "a".repeat(40)]) {
      const { exitCode, all } = await run(healthy);
      expect([exitCode, all]).toEqual([1, containing("is not on main")]);
    }
  });
});
