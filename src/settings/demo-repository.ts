import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "../domain/errors.ts";

const SETTINGS = [
  ["user.name", "Hookwright demo"],
  ["user.email", "demo@localhost"],
  ["commit.gpgsign", "false"],
  ["core.hooksPath", "/dev/null"],
] as const;

/** Runs git on the demo's repository alone, whatever the account's configuration or a git around this process say. */
async function git(dir: string, ...args: readonly string[]): Promise<string> {
  const outside = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = { ...Object.fromEntries(outside), GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  const settings = SETTINGS.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const { execa } = await import("execa");
  const { stdout } = await execa("git", [...settings, ...args], { cwd: dir, env, extendEnv: false });
  return stdout;
}

/** Makes the small repository that the demo deploys; one that is there already stays as it is. Rejects `settings:exists`. */
export async function createDemoRepository(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const there = await readdir(dir);
  if (there.includes(".git")) return;
  if (there.length > 0) throw new AppError("settings:exists", `${dir} holds files that are not the demo's`);
  await git(dir, "init", "--quiet", "--template=", "--initial-branch=main");
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(dir, name), text);
  await git(dir, "add", ".");
  // Empty where the folder was left from before.
  await git(dir, "commit", "--quiet", "--allow-empty", "--message", "Add the site");
}

/** A push as GitHub would tell it. */
export interface DemoPush {
  /** The payload, as JSON. */
  readonly json: string;
  readonly sha: string;
  readonly message: string;
}

/** Adds a commit to the demo's repository and writes the push that GitHub would send for it. */
export async function makeDemoPush(dir: string): Promise<DemoPush> {
  const before = await git(dir, "rev-parse", "HEAD");
  const count = Number(await git(dir, "rev-list", "--count", "HEAD"));
  const message = `Edition ${count + 1} of the site`;
  const page = await readFile(join(dir, "page.txt"), "utf8");
  await writeFile(join(dir, "page.txt"), page.replace(/Edition \d+/, `Edition ${count + 1}`));
  await git(dir, "commit", "--quiet", "--all", "--allow-empty", "--message", message);
  const sha = await git(dir, "rev-parse", "HEAD");
  const commit = {
    id: sha,
    tree_id: await git(dir, "rev-parse", "HEAD^{tree}"),
    distinct: true,
    message,
    timestamp: await git(dir, "show", "--no-patch", "--format=%cI", "HEAD"),
    url: `https://github.com/you/site/commit/${sha}`,
    author: { name: "Hookwright demo", email: "demo@localhost" },
    committer: { name: "Hookwright demo", email: "demo@localhost" },
    added: [],
    removed: [],
    modified: ["page.txt"],
  };
  const payload = {
    ref: "refs/heads/main",
    before,
    after: sha,
    repository: {
      id: 1,
      name: "site",
      full_name: "you/site",
      private: true,
      owner: { name: "you", login: "you" },
      clone_url: resolve(dir),
      default_branch: "main",
    },
    pusher: { name: "you", email: "demo@localhost" },
    sender: { login: "you", id: 1, type: "User" },
    created: false,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: `https://github.com/you/site/compare/${before.slice(0, 12)}...${sha.slice(0, 12)}`,
    commits: [commit],
    head_commit: commit,
  };
  return { json: JSON.stringify(payload), sha, message };
}

const FILES: Readonly<Record<string, string>> = {
  "page.txt": "Edition 1\n\nThis page was deployed by Hookwright.\n",
  "build.mjs": `// Builds the site: turns page.txt into build/index.html.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const lines = readFileSync("page.txt", "utf8").trim().split("\\n");
for (const [index, line] of lines.entries()) {
  console.log(\`rendering line \${index + 1} of \${lines.length}: \${line || "(empty)"}\`);
  // Hookwright shows this as the step's progress.
  console.log(\`::progress \${Math.round(((index + 1) / lines.length) * 100)}::\`);
  await sleep(300);
}
mkdirSync("build", { recursive: true });
writeFileSync("build/index.html", \`<!doctype html>\\n<title>Demo</title>\\n<h1>\${lines.join("<br>")}</h1>\\n\`);
`,
  "publish.mjs": `// Publishes the build as the release that is live; --undo goes back to the one before.
import { cpSync, existsSync, rmSync, renameSync, writeFileSync } from "node:fs";

const [what] = process.argv.slice(2);
if (what === "--undo") {
  rmSync("live", { recursive: true, force: true });
  if (existsSync("previous")) renameSync("previous", "live");
  console.log("back to the release before");
} else {
  rmSync("previous", { recursive: true, force: true });
  if (existsSync("live")) renameSync("live", "previous");
  cpSync("build", "live", { recursive: true });
  writeFileSync("live/VERSION", what + "\\n");
  console.log("published " + what.slice(0, 12) + " to live/");
}
`,
  "check.mjs": `// Looks whether what is live is what was built.
import { readFileSync } from "node:fs";

const page = readFileSync("live/index.html", "utf8");
if (!page.includes("deployed by Hookwright")) throw new Error("the page is not the one that was built");
console.log("live: " + /Edition \\d+/.exec(page)?.[0]);
`,
  ".gitignore": "build/\nlive/\nprevious/\n",
};
