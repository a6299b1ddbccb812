import { readdir, realpath, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { AppError } from "../../domain/errors.ts";
import { containedFolder } from "../../lib/contained-folder.ts";
import { gitEnvironment } from "../../lib/git/environment.ts";
import { repositoryProblem, withoutCredentials } from "../../lib/git/names.ts";
import { removeStaleLocks } from "../../lib/git/stale-locks.ts";
import {
  commandFailure,
  type CommandOptions,
  type CommandResult,
  type Render,
  type StepContext,
} from "../step.ts";
import { messageOf } from "../../lib/message-of.ts";

/** What stands in the settings of a step that works with a repository. */
export interface RepositoryOptions {
  /** Undefined: the `origin` of the work tree there. */
  readonly repository?: string | undefined;
  /** Relative to the step's folder. */
  readonly dir: string;
  readonly submodules: boolean;
  readonly git_binary: string;
}

/** A work tree of git, and git run in it with what a repository must not decide taken out of its hands. */
export interface Repository {
  readonly dir: string;
  /** Runs git there; fails when it does. */
  run(...args: string[]): Promise<void>;
  /** True when it exited with 0. */
  attempt(...args: string[]): Promise<boolean>;
  /** Its trimmed stdout; null when it failed. */
  read(...args: string[]): Promise<string | null>;
  /** However it ends. */
  command(args: readonly string[], options?: Omit<CommandOptions, "argv" | "cwd">): Promise<CommandResult>;
}

export const gitFailure = (message: string): AppError => new AppError("step:failed", message);

/** For zod's `superRefine`. */
export function checkRepository(
  value: string,
  context: { addIssue(issue: { code: "custom"; message: string }): void },
): void {
  const problem = repositoryProblem(value);
  if (problem !== null) context.addIssue({ code: "custom", message: `git can't be given this: ${problem}` });
}

/** What a value adds must not lead elsewhere than the settings' own text does. */
export function renderDir(template: string, render: Render): string {
  const dir = render(template);
  const leads = dir.split("/").includes("..") || (isAbsolute(dir) && !isAbsolute(template)) || dir === "";
  if (dir !== template && leads)
    throw gitFailure(`The folder ${JSON.stringify(dir)}, made from ${template}, leads elsewhere`);
  return dir;
}

/** The work tree, made ready: locks of a killed git removed, a half-made or new repository initialised. */
export async function openRepository(options: RepositoryOptions, context: StepContext): Promise<Repository> {
  const dir = await workTreeOf(options.dir, context);
  const removed = await removeStaleLocks(dir, (paths) => remove(paths, context));
  if (removed.length > 0) context.log(`Removed what a killed git left: ${removed.join(", ")}`);
  const bare = gitIn(dir, { ...options, repository: options.repository ?? "" }, context);
  const isRepository = (await bare.read("rev-parse", "--show-toplevel")) === dir;
  if (options.repository !== undefined) {
    if (!isRepository) await initialize(bare, options.repository);
    return bare;
  }
  const origin = isRepository ? await bare.read("remote", "get-url", "origin") : null;
  if (origin === null)
    throw gitFailure(`${dir} is no work tree with a remote origin; name the repository in the settings`);
  return gitIn(dir, { ...options, repository: origin }, context);
}

/** In a folder that others fill, a path may lead anywhere by now: what they may not remove stays. */
async function remove(paths: readonly string[], context: StepContext): Promise<void> {
  if (context.confined) await context.command({ argv: ["rm", "-f", "--", ...paths] });
  else await Promise.all(paths.map((path) => rm(path, { force: true })));
}

async function workTreeOf(dir: string, { workdir, confined, makeFolder }: StepContext): Promise<string> {
  if (!isAbsolute(dir)) {
    if (confined) await makeFolder(join(workdir, dir));
    return containedFolder(workdir, dir).catch((error: unknown) => {
      throw gitFailure(messageOf(error));
    });
  }
  await makeFolder(dir);
  return realpath(dir);
}

function gitIn(
  dir: string,
  { repository, submodules, git_binary }: RepositoryOptions & { readonly repository: string },
  context: StepContext,
): Repository {
  const env = gitEnvironment({ workTree: dir, repository, submodules });
  const command: Repository["command"] = (args, options = {}) =>
    context.command({
      ...options,
      cwd: dir,
      env: { ...env, ...options.env },
      argv: [git_binary, ...args],
    });
  return {
    dir,
    command,
    async run(...args) {
      const result = await command(args);
      if (result.exitCode !== 0) throw commandFailure([git_binary, ...args], result);
    },
    attempt: async (...args) => (await command(args)).exitCode === 0,
    async read(...args) {
      const result = await command(args, { quiet: true, captureBytes: 64 * 1024 });
      return result.exitCode === 0 ? result.stdout.trim() : null;
    },
  };
}

async function initialize(repo: Repository, repository: string): Promise<void> {
  const there = await readdir(join(repo.dir, ".git")).catch(() => null);
  if (there !== null && ["HEAD", "objects", "refs"].every((name) => there.includes(name))) {
    // Not ours to mend: initialising it would change somebody's repository.
    await repo.run("rev-parse", "--show-toplevel");
    throw gitFailure(`${repo.dir} holds a repository that git does not take for a work tree`);
  }
  if (there === null && (await readdir(repo.dir)).length > 0) {
    throw gitFailure(`${repo.dir} holds files but no git repository; name another folder or empty it`);
  }
  await repo.run("init", "--quiet");
  await repo.run("config", "remote.origin.url", withoutCredentials(repository));
  await repo.run("config", "remote.origin.fetch", ALL_BRANCHES);
}

export const ALL_BRANCHES = "+refs/heads/*:refs/remotes/origin/*";
