import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { REMOTE } from "../lib/git/environment.ts";
import { isRefName, withoutCredentials } from "../lib/git/names.ts";
import {
  checkRepository,
  gitFailure,
  openRepository,
  renderDir,
  type Repository,
} from "./common/repository.ts";
import { commandFailure, type StepContext, type StepKind } from "./step.ts";

const LINE = /^[^\n\r<>]+$/;

const schema = z.strictObject({
  repository: z
    .string()
    .superRefine(checkRepository)
    .describe("URL, `user@host:path` or absolute path; no template. It is pushed to."),
  branch: z.string().min(1).default("main").describe("The branch that gets the commit. May hold `${{ }}`."),
  to: z
    .string()
    .min(1)
    .describe(
      "The revision whose content comes back: 7 to 64 hexadecimal digits of a commit on the branch. May hold `${{ }}`.",
    ),
  paths: z
    .array(z.string().min(1))
    .min(1, "expected at least one path")
    .describe("Files and folders that come back, from the top of the repository. May hold `${{ }}`."),
  message: z
    .string()
    .min(1)
    .optional()
    .describe("Of the commit. May hold `${{ }}`. Default: what is restored."),
  author: z
    .strictObject({
      name: z.string().regex(LINE, "expected a name in one line").describe("Their name."),
      email: z.string().regex(LINE, "expected an e-mail address").describe("Their e-mail address."),
    })
    .default({ name: "Hookwright", email: "hookwright@localhost" })
    .describe("Whose commit it is."),
  dir: z
    .string()
    .min(1)
    .default("revert")
    .describe("Where the clone is kept; relative to the step's folder. No file is checked out there."),
  tries: z
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe("How often it is made anew when others have pushed in between."),
  git_binary: z.string().min(1).default("git").describe("The git to use."),
});

type RevertOptions = z.infer<typeof schema>;

/**
 * `revert: { repository: https://…, to: "${{ params.healthy_revision }}", paths: [web/values.yaml] }`: makes and pushes the
 * commit that brings the paths back as they were at a revision. Outputs: `commit` (the branch's newest), `revision` (the
 * whole id of `to`), `changed` (`true`, or `false` where there was nothing to change).
 */
export const revertKind: StepKind<RevertOptions> = {
  kind: "revert",
  summary: "Restores paths of a repository as they were at a revision, by a commit that it pushes",
  schema,
  render: (options, render) => ({
    ...options,
    branch: render(options.branch),
    to: render(options.to),
    paths: options.paths.map((path) => render(path)),
    dir: renderDir(options.dir, render),
    ...(options.message === undefined ? {} : { message: render(options.message) }),
  }),
  title: ({ repository, paths, to }) =>
    `revert ${paths.join(", ")} of ${withoutCredentials(repository)} to ${to.slice(0, 12)}`,
  async run(options, context) {
    check(options);
    const { repository, dir, git_binary } = options;
    const repo = await openRepository({ repository, dir, submodules: false, git_binary }, context);
    for (let attempt = 1; attempt <= options.tries; attempt += 1) {
      const outputs = await tryOnce(repo, options, context);
      if (outputs !== null) return { exitCode: 0, outputs };
      context.log(`Somebody else has pushed to ${options.branch}; making the commit anew`);
    }
    throw gitFailure(
      `Others have pushed to ${options.branch} in between each of ${options.tries} times; retry the task`,
    );
  },
};

/** Known only once the templates are replaced. */
function check({ branch, to, paths, message }: RevertOptions): void {
  if (!/^[0-9a-f]{7,64}$/.test(to)) {
    throw gitFailure(`${JSON.stringify(to)} is no commit id of 7 to 64 hexadecimal digits`);
  }
  if (!isRefName(branch)) throw gitFailure(`${JSON.stringify(branch)} can't name a branch`);
  if (message?.trim() === "") throw gitFailure("The commit's message is empty");
  for (const path of paths) {
    const parts = path.replace(/\/$/, "").split("/");
    if (parts.some((part) => part === "" || part === "." || part === "..")) {
      throw gitFailure(`${JSON.stringify(path)} is no path from the top of a repository`);
    }
  }
}

type Outputs = Readonly<Record<"commit" | "revision" | "changed", string>>;

/** Null when somebody else has pushed in between. */
async function tryOnce(
  repo: Repository,
  options: RevertOptions,
  context: StepContext,
): Promise<Outputs | null> {
  const head = await fetchBranch(repo, options.branch);
  const revision = await findRevision(repo, options, head);
  const tree = await restoredTree(repo, options, { head, revision, taskId: context.taskId });
  if (tree === (await must(repo, ["rev-parse", `${head}^{tree}`]))) {
    context.log(`Nothing to change: ${options.paths.join(", ")} on ${options.branch} as at ${revision}`);
    return { commit: head, revision, changed: "false" };
  }
  const commit = await makeCommit(repo, options, { head, tree, revision });
  if (!(await push(repo, options, commit))) return null;
  context.log(`Pushed ${commit} to ${options.branch}`);
  return { commit, revision, changed: "true" };
}

/** The branch's newest commit. Its ref is kept, so that the next fetch brings only what is new. */
async function fetchBranch(repo: Repository, branch: string): Promise<string> {
  const ref = `refs/remotes/origin/${branch}`;
  const how = ["--force", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
  await repo.run("fetch", ...how, REMOTE, `+refs/heads/${branch}:${ref}`);
  return must(repo, ["rev-parse", "--verify", "-q", `${ref}^{commit}`]);
}

/** Whoever can name a revision must not be able to bring in one that was never on the branch. */
async function findRevision(repo: Repository, options: RevertOptions, head: string): Promise<string> {
  const { to, branch } = options;
  const revision = await repo.read("rev-parse", "--verify", "-q", `${to}^{commit}`);
  // A name that is written like an id would be taken for the name.
  if (revision === null || !revision.startsWith(to)) {
    throw gitFailure(`The branch ${branch} has no commit ${to}, or more than one that begins so`);
  }
  if (!(await repo.attempt("merge-base", "--is-ancestor", revision, head))) {
    throw gitFailure(`The commit ${revision} is not on the branch ${branch}`);
  }
  return revision;
}

interface TreeInput {
  readonly head: string;
  readonly revision: string;
  readonly taskId: string;
}

/** Made in an index of its own: no file is written, so that no filter of the repository has a part in it. */
async function restoredTree(
  repo: Repository,
  { paths }: RevertOptions,
  { head, revision, taskId }: TreeInput,
): Promise<string> {
  const index = join(repo.dir, ".git", `revert-${taskId}.index`);
  const env = { GIT_INDEX_FILE: index, GIT_LITERAL_PATHSPECS: "1" };
  try {
    await must(repo, ["read-tree", head], env);
    for (const path of paths) {
      if ((await must(repo, ["ls-tree", "--name-only", revision, "--", path.replace(/\/$/, "")], env)) === "")
        throw gitFailure(`There is no ${path} at ${revision}`);
    }
    await must(repo, ["restore", `--source=${revision}`, "--staged", "--", ...paths], env);
    return await must(repo, ["write-tree"], env);
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

interface CommitInput {
  readonly head: string;
  readonly tree: string;
  readonly revision: string;
}

async function makeCommit(
  repo: Repository,
  { author, paths, message }: RevertOptions,
  { head, tree, revision }: CommitInput,
): Promise<string> {
  const text = message ?? `Restore ${paths.join(", ")} of ${revision}`;
  const env = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
  };
  return must(repo, ["commit-tree", "--no-gpg-sign", "-p", head, "-F", "-", tree], env, `${text.trim()}\n`);
}

/** What git says of a push that came too late: before, or while, the other side took another one. */
const TOO_LATE =
  /\[rejected\]|\[remote rejected\].*(?:cannot lock ref|failed to update ref|incorrect old value|fetch first)/i;

/** False when somebody was faster. */
async function push(
  repo: Repository,
  { branch, git_binary }: RevertOptions,
  commit: string,
): Promise<boolean> {
  const how = ["--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"];
  const args = ["push", ...how, REMOTE, `${commit}:refs/heads/${branch}`];
  const result = await repo.command(args, { captureBytes: 64 * 1024 });
  if (result.exitCode === 0) return true;
  if (TOO_LATE.test(result.stdout)) return false;
  const [, said] = /\[remote rejected\] \((.+)\)/.exec(result.stdout) ?? [];
  if (said !== undefined) throw gitFailure(`The other side does not take the commit: ${said}`);
  throw commandFailure([git_binary, ...args], result);
}

/** The trimmed stdout of a git that has to succeed. */
async function must(
  repo: Repository,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<string> {
  const result = await repo.command(args, { env, captureBytes: 64 * 1024, ...(input !== "" && { input }) });
  if (result.exitCode !== 0) throw commandFailure(["git", ...args], result);
  return result.stdout.trim();
}
