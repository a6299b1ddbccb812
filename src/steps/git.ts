import { z } from "zod";
import { REMOTE } from "../lib/git/environment.ts";
import { isCommitId, isRefName, withoutCredentials } from "../lib/git/names.ts";
import {
  ALL_BRANCHES,
  checkRepository,
  gitFailure,
  openRepository,
  renderDir,
  type Repository,
} from "./common/repository.ts";
import type { StepKind } from "./step.ts";

const schema = z.strictObject({
  repository: z
    .string()
    .superRefine(checkRepository)
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
    const { repository, dir = ".", submodules, git_binary } = options;
    const repo = await openRepository(
      { repository, dir, submodules: submodules !== false, git_binary },
      context,
    );
    const previous = await repo.read("rev-parse", "--verify", "-q", "HEAD^{commit}");
    const commit = await findCommit(repo, options);
    await checkOut(repo, options, commit);
    const head = await repo.read("rev-parse", "--verify", "-q", "HEAD^{commit}");
    if (head !== commit) throw gitFailure(`The work tree is at ${head ?? "nothing"}, not at ${commit}`);
    context.log(`${repo.dir} is at ${commit}`);
    return { exitCode: 0, outputs: { commit, previous: previous ?? "" } };
  },
};

function checkNames({ ref, branch }: GitOptions): void {
  if (!isRefName(ref)) throw gitFailure(`${JSON.stringify(ref)} is no commit id, branch or tag`);
  if (branch !== undefined && !isRefName(branch))
    throw gitFailure(`${JSON.stringify(branch)} can't name a branch`);
}

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
  throw gitFailure(`The repository has no commit ${sha}`);
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
  throw gitFailure(`The repository has no branch or tag ${ref}`);
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
