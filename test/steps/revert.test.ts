import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stepKinds } from "../../src/steps/registry.ts";
import { runGit } from "../support/git.ts";
import { createWorkbench, type Workbench } from "./workbench.ts";

let bench: Workbench;
let origin = "";
let desk = "";
let healthy = "";
const values = { sha: "", app: "web" };

beforeEach(async () => {
  bench = await createWorkbench(values);
  origin = join(bench.dir, "origin.git");
  desk = join(bench.dir, "desk");
  git(bench.dir, "init", "-q", "--bare", "-b", "main", origin);
  git(bench.dir, "clone", "-q", origin, desk);
  await mkdir(join(desk, "web/more"), { recursive: true });
  healthy = await commit({ "web/values.yaml": "tag: 1", "web/more/a": "a", "other.yaml": "one" });
  await commit({ "web/values.yaml": "tag: 2", "web/more/b": "b", "other.yaml": "two" });
});
afterEach(() => bench.remove());

const git = (cwd: string, ...args: string[]): string => runGit({ home: bench.dir, cwd }, args);

/** Somebody commits and pushes. */
async function commit(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(desk, name), text);
  if (git(desk, "ls-remote") !== "") git(desk, "pull", "-q", "--rebase", "--autostash", "origin", "main");
  git(desk, "add", "-A");
  git(desk, "commit", "-q", "-m", Object.keys(files).join(" "));
  git(desk, "push", "-q", "origin", "HEAD:main");
  return git(desk, "rev-parse", "HEAD");
}

const revert = (options: Record<string, unknown> = {}) =>
  bench.run("revert", { repository: origin, to: healthy, paths: ["web/values.yaml"], ...options });
const show = (path: string): string => git(origin, "show", `main:${path}`);
const head = (): string => git(origin, "rev-parse", "main");

describe("revert", () => {
  it("pushes a commit that brings a file back, and leaves the others alone", async () => {
    const before = head();
    const { outputs } = await revert({ message: "Back to ${{ sha }}: it degraded" });
    expect(outputs).toEqual({ commit: head(), revision: healthy, changed: "true" });
    expect(git(origin, "rev-parse", "main^")).toBe(before);
    expect([show("web/values.yaml"), show("other.yaml"), show("web/more/b")]).toEqual(["tag: 1", "two", "b"]);
    expect(git(origin, "log", "-1", "--format=%an <%ae> %cn <%ce>%n%B", "main")).toBe(
      "Hookwright <hookwright@localhost> Hookwright <hookwright@localhost>\nBack to : it degraded",
    );
  });

  it("brings a folder back as it was: with what was removed, without what was added", async () => {
    git(desk, "rm", "-q", "-r", "web/more/a");
    await commit({ "web/more/c": "c" });
    const author = { name: "Rollback Bot", email: "bot@example.com" };
    await revert({ to: healthy.slice(0, 7), paths: ["${{ app }}/more/", "web/values.yaml"], author });
    expect(git(origin, "ls-tree", "-r", "--name-only", "main").split("\n")).toEqual([
      "other.yaml",
      "web/more/a",
      "web/values.yaml",
    ]);
    expect(git(origin, "log", "-1", "--format=%an <%ce> %s", "main")).toBe(
      `Rollback Bot <bot@example.com> Restore web/more/, web/values.yaml of ${healthy}`,
    );
  });

  it("says so when there is nothing to change, and pushes nothing", async () => {
    await revert();
    const once = head();
    expect((await revert()).outputs).toEqual({ commit: once, revision: healthy, changed: "false" });
    expect(head()).toBe(once);
    expect(bench.lines.join("\n")).toContain("Nothing to change: web/values.yaml on main");
  });

  it("makes the commit anew when somebody pushes in between", async () => {
    const slow = join(bench.dir, "slow-git");
    const script = `#!/bin/sh
case "$1" in push)
  n=$(cat "${bench.dir}/count" 2>/dev/null || echo 0)
  if [ "$n" -lt 3 ]; then
    echo $((n + 1)) > "${bench.dir}/count"
    (unset GIT_CONFIG_COUNT; cd "${desk}" && git pull -q --rebase origin main && echo "$n" > new && git add new &&
      git -c user.name=n -c user.email=e commit -q -m "in between $n" && git push -q origin HEAD:main) >&2 || exit 9
  fi
esac
exec git "$@"
`;
    await writeFile(slow, script);
    await chmod(slow, 0o755);
    await expect(revert({ git_binary: slow, tries: 2 })).rejects.toThrow(/in between each of 2 times/);
    expect(show("web/values.yaml")).toBe("tag: 2");
    expect((await revert({ git_binary: slow, tries: 2 })).outputs?.["changed"]).toBe("true");
    expect([show("web/values.yaml"), show("new")]).toEqual(["tag: 1", "2"]);
    const subjects = git(origin, "log", "--format=%s", "main").split("\n");
    expect(subjects.slice(0, 4)).toEqual([
      `Restore web/values.yaml of ${healthy}`,
      "in between 2",
      "in between 1",
      "in between 0",
    ]);
  });

  it("gets through among others that push all the time, each of them once", async () => {
    const files = Array.from({ length: 4 }, (_each, index) => `app${index}`);
    const good = await commit(Object.fromEntries(files.map((file) => [file, "good"])));
    await commit(Object.fromEntries(files.map((file) => [file, "bad"])));
    const reverts = files.map((file) =>
      bench.run(
        "revert",
        { repository: origin, to: good, paths: [file], dir: `clone-${file}`, tries: 50 },
        { taskId: file },
      ),
    );
    await Promise.all(reverts);
    expect(files.map(show)).toEqual(files.map(() => "good"));
    expect(git(origin, "log", "--format=%s", "-4", "main").split("\n").toSorted()).toEqual(
      files.map((file) => `Restore ${file} of ${good}`),
    );
  });

  it("may share its clone with others", async () => {
    const files = ["one", "two", "three"];
    const good = await commit(Object.fromEntries(files.map((file) => [file, "good"])));
    await commit(Object.fromEntries(files.map((file) => [file, "bad"])));
    await revert({ to: good, paths: ["other.yaml"] });
    for (const file of files) await revert({ to: good, paths: [file] });
    expect(files.map(show)).toEqual(files.map(() => "good"));
    expect(await readdir(join(bench.dir, "revert"))).toEqual([".git"]);
    expect((await readdir(join(bench.dir, "revert/.git"))).filter((name) => name.includes("index"))).toEqual(
      [],
    );
  });

  it("runs nothing that the repository brings", async () => {
    const mark = join(bench.dir, "mark");
    await commit({ ".gitattributes": "* filter=evil", ".lfsconfig": "[lfs]\n  url = http://127.0.0.1:1" });
    git(bench.dir, "config", "--global", "filter.evil.smudge", `touch ${mark}; cat`);
    git(bench.dir, "config", "--global", "filter.evil.clean", `touch ${mark}; cat`);
    await revert();
    expect(show("web/values.yaml")).toBe("tag: 1");
    expect(await readdir(bench.dir)).not.toContain("mark");
  });
});

describe("what is refused", () => {
  it.each([
    ["main", /"main" is no commit id/],
    ["--upload-pack=x", /no commit id/],
    ["ABCDEF0", /no commit id/],
    ["abcdef", /no commit id of 7 to 64/],
    ["0123456789", /has no commit 0123456789/],
  ])("the revision %s", async (to, message) => {
    const before = head();
    await expect(revert({ to })).rejects.toMatchObject({ code: "step:failed" });
    await expect(revert({ to })).rejects.toThrow(message);
    expect(head()).toBe(before);
  });

  it("a commit that was never on the branch", async () => {
    git(desk, "checkout", "-q", "-b", "side");
    await writeFile(join(desk, "web/values.yaml"), "tag: evil");
    git(desk, "commit", "-q", "-a", "-m", "evil");
    git(desk, "push", "-q", "origin", "side");
    const evil = git(desk, "rev-parse", "HEAD");
    await expect(revert({ to: evil })).rejects.toThrow(`no commit ${evil}`);
    // Known by another step's fetch, it is refused all the same.
    await revert({ branch: "side" });
    await expect(revert({ to: evil })).rejects.toThrow(`The commit ${evil} is not on the branch main`);
  });

  it("a tag or branch whose name looks like a commit id", async () => {
    git(desk, "branch", "-q", "abcdef1", healthy);
    git(desk, "push", "-q", "origin", "abcdef1");
    await expect(revert({ to: "abcdef1" })).rejects.toThrow("no commit abcdef1");
  });

  it.each(["../x", "/etc/passwd", "a/../b", "a//b", ".", "${{ none }}"])("the path %s", async (path) => {
    await expect(revert({ paths: [path] })).rejects.toThrow("is no path from the top of a repository");
  });

  it("a path that was not there, and magic in paths", async () => {
    await expect(revert({ paths: ["web/more/b"] })).rejects.toThrow(`There is no web/more/b at ${healthy}`);
    await expect(revert({ paths: [":(top)web"] })).rejects.toThrow("There is no :(top)web");
    await expect(revert({ paths: ["web/*"] })).rejects.toThrow("There is no web/*");
  });

  it("by the other side: its words are told", async () => {
    const hook = join(origin, "hooks/pre-receive");
    await writeFile(hook, "#!/bin/sh\necho main is protected >&2\nexit 1\n");
    await chmod(hook, 0o755);
    await expect(revert()).rejects.toThrow("does not take the commit: pre-receive hook declined");
    expect(bench.lines.join("\n")).toContain("main is protected");
  });

  it("a branch that is not there, and one that can't be", async () => {
    await expect(revert({ branch: "none" })).rejects.toThrow(/git fetch.* exited with 128/);
    await expect(revert({ branch: "-x" })).rejects.toThrow("can't name a branch");
  });

  it("by the settings", () => {
    const schema = stepKinds.get("revert")?.schema;
    const good = { repository: origin, to: healthy, paths: ["a"] };
    expect(schema?.safeParse(good).success).toBe(true);
    for (const wrong of [
      { repository: "--x" },
      { repository: "ext::sh -c x" },
      { paths: [] },
      { author: { name: "a\nb", email: "e" } },
      { author: { name: "a" } },
      { tries: 0 },
    ]) {
      expect(schema?.safeParse({ ...good, ...wrong }).success).toBe(false);
    }
  });
});
