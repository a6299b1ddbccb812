import { mkdir, readdir, realpath } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { containedFolder } from "../lib/contained-folder.ts";
import { gitEnvironment, REMOTE } from "../lib/git/environment.ts";
import { isCommitId, isRefName, repositoryProblem, withoutCredentials } from "../lib/git/names.ts";
import { removeStaleLocks } from "../lib/git/stale-locks.ts";
import { commandFailure, type Render, type StepContext, type StepKind } from "./step.ts";

const schema = z.strictObject({
  repository: z
    .string()
    .superRefine((value, context) => {
      const problem = repositoryProblem(value);
      if (problem !== null)
        context.addIssue({ code: "custom", message: `git can't be given this: ${problem}` });
    })
    .optional()
    .describe(
      "URL, `user@host:path` or absolute path; no template. Without it: the `origin` of the work tree there.",
    ),
  dir: z
    .string()
    .min(1)
    .optional()
    .describe("The work tree; relative to the step's folder, which is the default."),
  ref: z.string().min(1).describe("Commit id, branch or tag to check out. May hold `${{ }}`."),
  branch: z
    .string()
    .min(1)
    .optional()
    .describe("Local branch to put at that commit; without it HEAD is detached."),
  submodules: z
    .union([z.boolean(), z.literal("recursive")])
    .default(false)
    .describe("Update submodules too; `recursive` also theirs."),
  depth: z.int().min(1).optional().describe("Fetch only so many commits."),
  clean: z
    .boolean()
    .default(false)
    .describe("Remove all files that are not in the commit, ignored ones too."),
  git_binary: z.string().min(1).default("git").describe("The git to use."),
});

type GitOptions = z.infer<typeof schema>;

/** `git: { repository: https://…, ref: "${{ params.sha }}" }`. Outputs: `commit`, and `previous` (HEAD before; empty at first). */
export const gitKind: StepKind<GitOptions> = {
  kind: "git",
  summary: "Clones or fetches a repository and checks out exactly one commit",
  schema,
  render: (options, render) => ({
    ...options,
    ref: render(options.ref),
    ...(options.branch === undefined ? {} : { branch: render(options.branch) }),
    ...(options.dir === undefined ? {} : { dir: renderDir(options.dir, render) }),
  }),
  title({ repository, ref }) {
    const what = repository === undefined ? "" : ` ${withoutCredentials(repository)}`;
    return `git${what} at ${isCommitId(ref) ? ref.slice(0, 12) : ref}`;
  },
  async run(options, context) {
    checkNames(options);
    const repo = await openRepository(options, context);
    const previous = await repo.read("rev-parse", "--verify", "-q", "HEAD^{commit}");
    const commit = await findCommit(repo, options);
    await checkOut(repo, options, commit);
    const head = await repo.read("rev-parse", "--verify", "-q", "HEAD^{commit}");
    if (head !== commit) throw failure(`The work tree is at ${head ?? "nothing"}, not at ${commit}`);
    context.log(`${repo.dir} is at ${commit}`);
    return { exitCode: 0, outputs: { commit, previous: previous ?? "" } };
  },
};

const failure = (message: string): AppError => new AppError("step:failed", message);

/** What a value adds must not lead elsewhere than the settings' own text does. */
function renderDir(template: string, render: Render): string {
  const dir = render(template);
  const leads = dir.split("/").includes("..") || (isAbsolute(dir) && !isAbsolute(template)) || dir === "";
  if (dir !== template && leads)
    throw failure(`The folder ${JSON.stringify(dir)}, made from ${template}, leads elsewhere`);
  return dir;
}

function checkNames({ ref, branch }: GitOptions): void {
  if (!isRefName(ref)) throw failure(`${JSON.stringify(ref)} is no commit id, branch or tag`);
  if (branch !== undefined && !isRefName(branch))
    throw failure(`${JSON.stringify(branch)} can't name a branch`);
}

interface Repository {
  readonly dir: string;
  /** Runs git there; fails when it does. */
  run(...args: string[]): Promise<void>;
  /** True when it exited with 0. */
  attempt(...args: string[]): Promise<boolean>;
  /** Its trimmed stdout; null when it failed. */
  read(...args: string[]): Promise<string | null>;
}

/** The work tree, made ready: locks of a killed git removed, a half-made or new repository initialised. */
async function openRepository(options: GitOptions, context: StepContext): Promise<Repository> {
  const dir = await workTreeOf(options, context);
  const removed = await removeStaleLocks(dir);
  if (removed.length > 0) context.log(`Removed what a killed git left: ${removed.join(", ")}`);
  const bare = gitIn(dir, { ...options, repository: options.repository ?? "" }, context);
  const isRepository = (await bare.read("rev-parse", "--show-toplevel")) === dir;
  if (options.repository !== undefined) {
    if (!isRepository) await initialize(bare, options.repository);
    return bare;
  }
  const origin = isRepository ? await bare.read("remote", "get-url", "origin") : null;
  if (origin === null)
    throw failure(`${dir} is no work tree with a remote origin; name the repository in the settings`);
  return gitIn(dir, { ...options, repository: origin }, context);
}

async function workTreeOf({ dir = "." }: GitOptions, { workdir }: StepContext): Promise<string> {
  if (!isAbsolute(dir)) {
    return containedFolder(workdir, dir).catch((error: unknown) => {
      throw failure(error instanceof Error ? error.message : String(error));
    });
  }
  await mkdir(dir, { recursive: true });
  return realpath(dir);
}

function gitIn(
  dir: string,
  { repository, submodules, git_binary }: GitOptions & { readonly repository: string },
  context: StepContext,
): Repository {
  const env = gitEnvironment({ workTree: dir, repository, submodules: submodules !== false });
  const options = { cwd: dir, env };
  return {
    dir,
    async run(...args) {
      const result = await context.command({ ...options, argv: [git_binary, ...args] });
      if (result.exitCode !== 0) throw commandFailure([git_binary, ...args], result);
    },
    async attempt(...args) {
      return (await context.command({ ...options, argv: [git_binary, ...args] })).exitCode === 0;
    },
    async read(...args) {
      const quiet = { quiet: true, captureBytes: 64 * 1024 };
      const result = await context.command({ ...options, ...quiet, argv: [git_binary, ...args] });
      return result.exitCode === 0 ? result.stdout.trim() : null;
    },
  };
}

async function initialize(repo: Repository, repository: string): Promise<void> {
  const there = await readdir(join(repo.dir, ".git")).catch(() => null);
  if (there !== null && ["HEAD", "objects", "refs"].every((name) => there.includes(name))) {
    // Not ours to mend: initialising it would change somebody's repository.
    await repo.run("rev-parse", "--show-toplevel");
    throw failure(`${repo.dir} holds a repository that git does not take for a work tree`);
  }
  if (there === null && (await readdir(repo.dir)).length > 0) {
    throw failure(`${repo.dir} holds files but no git repository; name another folder or empty it`);
  }
  await repo.run("init", "--quiet");
  await repo.run("config", "remote.origin.url", withoutCredentials(repository));
  await repo.run("config", "remote.origin.fetch", ALL_BRANCHES);
}

const ALL_BRANCHES = "+refs/heads/*:refs/remotes/origin/*";
const FETCH = ["fetch", "--force", "--no-recurse-submodules"] as const;
const fetchAll = (repo: Repository): Promise<void> =>
  repo.run(...FETCH, "--prune", "--tags", REMOTE, ALL_BRANCHES);

function findCommit(repo: Repository, { ref, depth }: GitOptions): Promise<string> {
  const depthArgs = depth === undefined ? [] : [`--depth=${depth}`];
  return isCommitId(ref) ? fetchCommit(repo, ref, depthArgs) : fetchRef(repo, ref, depthArgs);
}

/** Some servers give single commits to nobody; some commits (of pull requests) are on no branch. So both ways are tried. */
async function fetchCommit(repo: Repository, sha: string, depth: readonly string[]): Promise<string> {
  const has = async (): Promise<boolean> => (await repo.read("cat-file", "-t", sha)) === "commit";
  const fetchIt = (): Promise<boolean> => repo.attempt(...FETCH, "--no-tags", ...depth, REMOTE, sha);
  if (await has()) return sha;
  if (depth.length > 0 && (await fetchIt()) && (await has())) return sha;
  await fetchAll(repo);
  if (await has()) return sha;
  if (depth.length === 0 && (await fetchIt()) && (await has())) return sha;
  throw failure(`The repository has no commit ${sha}`);
}

/** A branch goes before a tag of the same name; `refs/tags/…` says which. */
async function fetchRef(repo: Repository, ref: string, depth: readonly string[]): Promise<string> {
  const places = placesOf(ref);
  if (depth.length === 0) await fetchAll(repo);
  for (const { remote, local } of places) {
    const fetched =
      depth.length === 0 ||
      (await repo.attempt(...FETCH, "--no-tags", ...depth, REMOTE, `+${remote}:${local}`));
    const commit = fetched ? await repo.read("rev-parse", "--verify", "-q", `${local}^{commit}`) : null;
    if (commit !== null) return commit;
  }
  throw failure(`The repository has no branch or tag ${ref}`);
}

function placesOf(ref: string): { remote: string; local: string }[] {
  const branch = { remote: `refs/heads/${ref}`, local: `refs/remotes/origin/${ref}` };
  const tag = { remote: `refs/tags/${ref}`, local: `refs/tags/${ref}` };
  if (ref.startsWith("refs/heads/")) return [{ remote: ref, local: ref.replace("heads", "remotes/origin") }];
  return ref.startsWith("refs/tags/") ? [{ remote: ref, local: ref }] : [branch, tag];
}

async function checkOut(repo: Repository, options: GitOptions, commit: string): Promise<void> {
  const { branch, clean, submodules } = options;
  const place = branch === undefined ? ["--detach"] : ["--no-track", "-B", branch];
  await repo.run("checkout", "--force", ...place, commit, "--");
  if (submodules !== false) {
    const recursive = submodules === "recursive" ? ["--recursive"] : [];
    await repo.run("submodule", "sync", ...recursive);
    await repo.run("submodule", "update", "--init", "--force", ...recursive);
  }
  if (clean) await repo.run("clean", "-ffdx");
}
