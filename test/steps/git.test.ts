import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stepKinds, stepTitle } from "../../src/steps/registry.ts";
import { runGit } from "../support/git.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
let origin = "";
let work = "";
let first = "";
let second = "";
let side = "";
const values = { sha: "", dir: "../elsewhere" };

beforeEach(async () => {
  bench = await createWorkbench(values);
  origin = join(bench.dir, "origin");
  work = join(bench.dir, "work");
  await mkdir(origin);
  git(origin, "init", "-q", "-b", "main");
  first = await commit("one");
  git(origin, "tag", "-a", "v1", "-m", "v1");
  git(origin, "checkout", "-q", "-b", "feature/x");
  side = await commit("side");
  git(origin, "checkout", "-q", "main");
  second = await commit("two");
});
afterEach(() => bench.remove());

const git = (cwd: string, ...args: string[]): string =>
  runGit({ home: bench.dir, cwd }, ["-c", "protocol.file.allow=always", ...args]);

async function commit(text: string): Promise<string> {
  await writeFile(join(origin, "file"), text);
  git(origin, "add", ".");
  git(origin, "commit", "-q", "-m", text);
  return git(origin, "rev-parse", "HEAD");
}

const checkOut = (options: Record<string, unknown>) =>
  bench.run("git", { repository: origin, dir: "work", ...options });
const file = (): Promise<string> => readFile(join(work, "file"), "utf8");
const head = (): string => git(work, "rev-parse", "HEAD");

describe("git", () => {
  it("clones, then fetches, and tells the commit and the previous one", async () => {
    const outputs = (commitId: string, previous: string) => ({
      exitCode: 0,
      outputs: { commit: commitId, previous },
    });
    expect(await checkOut({ ref: first })).toEqual(outputs(first, ""));
    expect(await file()).toBe("one");
    const third = await commit("three");
    expect(await checkOut({ ref: third })).toEqual(outputs(third, first));
    expect(await file()).toBe("three");
    expect(git(work, "rev-parse", "--abbrev-ref", "HEAD")).toBe("HEAD");
  });

  it.each([
    ["a branch", "main", () => second],
    ["a branch with a slash", "feature/x", () => side],
    ["an annotated tag", "v1", () => first],
    ["a full ref", "refs/tags/v1", () => first],
    ["a full branch ref", "refs/heads/feature/x", () => side],
  ])("checks out %s, with and without depth", async (_what, ref, expected) => {
    await checkOut({ ref });
    expect(head()).toBe(expected());
    await bench.run("git", { repository: `file://${origin}`, dir: "shallow", ref, depth: 1 });
    const shallow = join(bench.dir, "shallow");
    expect(git(shallow, "rev-parse", "HEAD")).toBe(expected());
    expect(git(shallow, "rev-list", "--count", "HEAD")).toBe("1");
  });

  it("follows a branch that was rewritten, and one that gave way to another of a deeper name", async () => {
    git(origin, "branch", "topic", first);
    await checkOut({ ref: "topic" });
    git(origin, "branch", "-D", "topic");
    git(origin, "branch", "topic/deeper", side);
    git(origin, "branch", "-f", "feature/x", first);
    git(origin, "tag", "-f", "v1", second);
    await checkOut({ ref: "topic/deeper" });
    expect(head()).toBe(side);
    await checkOut({ ref: "feature/x" });
    expect(head()).toBe(first);
    await checkOut({ ref: "v1" });
    expect(head()).toBe(second);
  });

  it("puts the work tree onto a branch, throwing away local changes but no untracked files", async () => {
    await checkOut({ ref: first, branch: "live" });
    await writeFile(join(work, "file"), "edited here");
    await writeFile(join(work, "untracked"), "stays");
    await checkOut({ ref: second, branch: "live" });
    expect([await file(), head(), git(work, "rev-parse", "--abbrev-ref", "HEAD")]).toEqual([
      "two",
      second,
      "live",
    ]);
    expect(existsSync(join(work, "untracked"))).toBe(true);
    await checkOut({ ref: second, clean: true });
    expect(existsSync(join(work, "untracked"))).toBe(false);
  });

  it("finds a commit that is on no branch, and one that needs all refs where the server gives out no single commits", async () => {
    const lost = await commit("lost");
    git(origin, "update-ref", "refs/pull/1/head", lost);
    git(origin, "reset", "-q", "--hard", second);
    await checkOut({ ref: lost });
    expect(head()).toBe(lost);
    await writeFile(join(bench.dir, ".gitconfig"), "[protocol]\n\tversion = 0\n");
    await bench.run("git", { repository: `file://${origin}`, dir: "old", ref: first, depth: 1 });
    expect(git(join(bench.dir, "old"), "rev-parse", "HEAD")).toBe(first);
    expect(bench.lines.join("\n")).toContain("Server does not allow request for unadvertised object");
  });

  it("works in a repository that somebody else cloned, by its own origin", async () => {
    git(bench.dir, "clone", "-q", origin, "work");
    const third = await commit("three");
    await bench.run("git", { dir: work, ref: "main" });
    expect(head()).toBe(third);
  });

  it("removes the locks of a killed git and mends a half-made repository", async () => {
    await checkOut({ ref: first });
    for (const lock of ["index.lock", "shallow.lock", "refs/heads/x.lock"]) {
      await writeFile(join(work, ".git", lock), "");
    }
    await checkOut({ ref: second });
    expect(bench.lines.find((line) => line.startsWith("Removed"))).toContain("index.lock");
    await mkdir(join(bench.dir, "half", ".git", "objects"), { recursive: true });
    await bench.run("git", { repository: origin, dir: "half", ref: first });
    expect(git(join(bench.dir, "half"), "rev-parse", "HEAD")).toBe(first);
  });

  it("runs no hooks", async () => {
    await checkOut({ ref: first });
    const hook = join(work, ".git", "hooks", "post-checkout");
    await mkdir(join(work, ".git", "hooks"), { recursive: true });
    await writeFile(hook, `#!/bin/sh\ntouch ${bench.dir}/hooked\n`);
    await chmod(hook, 0o755);
    await checkOut({ ref: second });
    expect(existsSync(join(bench.dir, "hooked"))).toBe(false);
    // The hook itself is a good one.
    git(work, "checkout", "-q", first);
    expect(existsSync(join(bench.dir, "hooked"))).toBe(true);
  });

  it("takes submodules only when asked", async () => {
    const library = join(bench.dir, "library");
    git(bench.dir, "clone", "-q", origin, "library");
    git(origin, "submodule", "add", "-q", library, "lib");
    const withModule = await commit("with a submodule");
    await checkOut({ ref: withModule });
    expect(await readdir(join(work, "lib"))).toEqual([]);
    await checkOut({ ref: withModule, submodules: true });
    expect(await readFile(join(work, "lib", "file"), "utf8")).toBe("two");
  });

  it("says what is not there", async () => {
    await expect(checkOut({ ref: "f".repeat(40) })).rejects.toThrow(
      `The repository has no commit ${"f".repeat(40)}`,
    );
    await expect(checkOut({ ref: "no-such" })).rejects.toThrow("no branch or tag no-such");
    const gone = checkOut({ repository: join(bench.dir, "gone"), dir: "other", ref: first });
    await expect(gone).rejects.toThrow(/`git fetch .*` exited with 128/);
    await expect(bench.run("git", { dir: "empty", ref: "main" })).rejects.toThrow(
      "no work tree with a remote origin",
    );
  });

  it("does not touch a repository that git refuses to use", async () => {
    await checkOut({ ref: first });
    const config = join(work, ".git", "config");
    await writeFile(config, "[core\n");
    await expect(checkOut({ ref: first })).rejects.toThrow("`git rev-parse --show-toplevel` exited with 128");
    expect(await readFile(config, "utf8")).toBe("[core\n");
  });

  it("touches no folder that holds other files", async () => {
    await mkdir(work);
    await writeFile(join(work, "precious"), "");
    await expect(checkOut({ ref: first })).rejects.toThrow("holds files but no git repository");
    expect(await readdir(work)).toEqual(["precious"]);
  });

  it("does not take a repository above its folder for its own", async () => {
    git(bench.dir, "init", "-q");
    await checkOut({ ref: first });
    expect(existsSync(join(work, ".git"))).toBe(true);
  });

  it.each([
    "-x",
    "--upload-pack=touch /tmp/x",
    "a..b",
    "a b",
    "a:b",
    "HEAD@{1}",
    "a.lock",
    "/a",
    "a~1",
    "",
    "x\ny",
    "@",
  ])("refuses the ref %j", async (ref) => {
    values.sha = ref;
    await expect(checkOut({ ref: "${{ sha }}" })).rejects.toThrow("is no commit id, branch or tag");
    values.sha = second;
    if (ref !== "")
      await expect(checkOut({ ref: second, branch: ref })).rejects.toThrow("can't name a branch");
  });

  it.each([
    "--upload-pack=x",
    "-u",
    "ext::sh -c true",
    "ssh://-oProxyCommand=true/x",
    "ssh://user@-oProxyCommand=true/x",
    "-oProxyCommand=true:x",
    "ftp://host/x",
    "./relative",
    "${{ event.url }}",
    "https://a\nb",
  ])("refuses the repository %j", (repository) => {
    expect(stepKinds.get("git")?.schema.safeParse({ repository, ref: "main" }).success).toBe(false);
  });

  it.each([
    "https://example.com/o/r.git",
    "git@example.com:o/r.git",
    "ssh://git@example.com:22/o/r",
    "/srv/git/r",
    "file:///srv/r",
  ])("accepts the repository %j", (repository) => {
    expect(stepKinds.get("git")?.schema.safeParse({ repository, ref: "main" }).success).toBe(true);
  });

  it("stays inside its folder, also where a link leads out", async () => {
    await expect(checkOut({ dir: "../out", ref: first })).rejects.toThrow("leads out of");
    const inner = join(bench.dir, "inner");
    await mkdir(inner);
    await symlink(bench.dir, join(inner, "link"));
    const through = bench.run("git", { repository: origin, dir: "link/out", ref: first }, { workdir: inner });
    await expect(through).rejects.toThrow("leads out of");
    await expect(checkOut({ dir: "work/${{ dir }}", ref: first })).rejects.toThrow("leads elsewhere");
    expect(existsSync(join(bench.dir, "out"))).toBe(false);
  });

  it("keeps a password out of the title, the configuration and the arguments", async () => {
    const repository = "https://user:p%40ss@127.0.0.1:1/o/r.git";
    expect(stepTitle({ kind: "git", options: { repository, ref: first } })).toBe(
      `git https://127.0.0.1:1/o/r.git at ${first.slice(0, 12)}`,
    );
    await expect(checkOut({ repository, ref: first })).rejects.toThrow(/^(?!.*ss@)/);
    expect(await readFile(join(work, ".git", "config"), "utf8")).not.toContain("ss@");
    expect(bench.lines.join("\n")).not.toContain("p%40ss");
  });
});
