import { createRequire } from "node:module";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createDemoRepository, makeDemoPush } from "../../src/settings/demo-repository.ts";
import { github } from "../../src/sources/github.ts";
import { temporaryFolder } from "./settings-file.ts";

const run = async (dir: string, file: string, ...args: string[]): Promise<string> =>
  (await execa(file, args, { cwd: dir })).stdout;

async function demo(): Promise<string> {
  const dir = join(await temporaryFolder(), "site");
  await createDemoRepository(dir);
  return dir;
}

const record = z.record(z.string(), z.unknown());
const example = record.parse(
  z
    .array(z.object({ name: z.string(), examples: z.array(z.unknown()) }))
    .parse(createRequire(import.meta.url)("@octokit/webhooks-examples"))
    .find(({ name }) => name === "push")?.examples[0],
);

describe("the demo's repository", () => {
  it("is a real one, clean, on main", async () => {
    const dir = await demo();
    expect(await run(dir, "git", "status", "--porcelain", "--branch")).toBe("## main");
    expect(await run(dir, "git", "log", "--format=%an <%ae> %s")).toBe(
      "Hookwright demo <demo@localhost> Add the site",
    );
    expect(await run(dir, "git", "fsck", "--strict")).toBe("");
  });

  it("can be built, published, taken back and checked as its action does", async () => {
    const dir = await demo();
    expect(await run(dir, "node", "build.mjs")).toContain("::progress 100::");
    await run(dir, "node", "publish.mjs", "a".repeat(40));
    expect(await run(dir, "node", "check.mjs")).toBe("live: Edition 1");
    const page = join(dir, "page.txt");
    await writeFile(page, (await readFile(page, "utf8")).replace("Edition 1", "Edition 2"));
    await run(dir, "node", "build.mjs");
    await run(dir, "node", "publish.mjs", "b".repeat(40));
    expect(await run(dir, "node", "check.mjs")).toBe("live: Edition 2");
    await run(dir, "node", "publish.mjs", "--undo");
    expect(await run(dir, "node", "check.mjs")).toBe("live: Edition 1");
    expect(await run(dir, "git", "status", "--porcelain")).toBe(" M page.txt");
  });

  it("gets a commit with each push, whatever became of its page", async () => {
    const dir = await demo();
    const first = await makeDemoPush(dir);
    expect(first.message).toBe("Edition 2 of the site");
    expect(await run(dir, "git", "rev-parse", "main")).toBe(first.sha);
    expect(await readFile(join(dir, "page.txt"), "utf8")).toMatch(/^Edition 2\n/);
    await writeFile(join(dir, "page.txt"), "no number here\n");
    await makeDemoPush(dir);
    const third = await makeDemoPush(dir);
    expect(third.message).toBe("Edition 4 of the site");
    expect(await run(dir, "git", "rev-list", "--count", "main")).toBe("4");
  });

  it("is made under a git without a user, and one that is set up against it", async () => {
    const home = await temporaryFolder();
    const hooks = join(home, "hooks");
    await execa("mkdir", ["-p", hooks]);
    await writeFile(join(hooks, "pre-commit"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    await writeFile(
      join(home, ".gitconfig"),
      `[init]\n\tdefaultBranch = trunk\n\ttemplateDir = ${home}/none\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n` +
        `[core]\n\thooksPath = ${hooks}\n\tautocrlf = true\n[user]\n\tuseConfigOnly = true\n[safe]\n\tbareRepository = explicit\n`,
    );
    const hostile = {
      HOME: home,
      XDG_CONFIG_HOME: home,
      GIT_DIR: join(home, "other.git"),
      GIT_WORK_TREE: home,
      GIT_INDEX_FILE: join(home, "index"),
      GIT_AUTHOR_NAME: "somebody",
      GIT_TEMPLATE_DIR: hooks,
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "commit.gpgsign",
      GIT_CONFIG_VALUE_0: "true",
    };
    for (const [name, value] of Object.entries(hostile)) vi.stubEnv(name, value);
    try {
      const dir = await demo();
      const { sha } = await makeDemoPush(dir);
      vi.unstubAllEnvs();
      expect(await run(dir, "git", "rev-parse", "main")).toBe(sha);
      expect(await run(dir, "git", "log", "-1", "--format=%an %G?")).toBe("Hookwright demo N");
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

/** Each key with the type of its value. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return ["list"];
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [key, formOf(item)]),
  );
}

describe("the demo's push", () => {
  it("has the form of GitHub's own", async () => {
    const { json } = await makeDemoPush(await demo());
    const payload = record.parse(JSON.parse(json));
    expect(Object.keys(payload).toSorted()).toEqual(Object.keys(example).toSorted());
    for (const key of ["head_commit", "repository", "pusher", "sender"]) {
      expect(formOf(example[key])).toMatchObject(z.looseObject({}).parse(formOf(payload[key])));
    }
    expect(payload["commits"]).toEqual([payload["head_commit"]]);
  });

  it("is told as a push of its commit to main", async () => {
    const dir = await demo();
    const { json, sha, message } = await makeDemoPush(dir);
    const request = { headers: { "x-github-event": "push" }, body: Buffer.from(json) };
    const before = await run(dir, "git", "rev-parse", "HEAD^");
    expect(github.describe(request, "demo", { algorithm: "sha256" })).toMatchObject({
      ok: true,
      event: {
        name: "push",
        senderName: "push",
        repository: "you/site",
        cloneUrl: dir,
        ref: "refs/heads/main",
        branch: "main",
        deleted: false,
        commit: { sha, message },
        before,
        paths: ["page.txt"],
        sender: "you",
      },
    });
  });
});
