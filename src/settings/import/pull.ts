import { escapeVariables } from "../environment-values.ts";
import type { Step } from "./commands.ts";

export interface PullInput {
  readonly repodir: string;
  readonly submodules: boolean;
  readonly gitBinary?: string;
}

/**
 * `git fetch`, then `git checkout -f origin/BRANCH` in `repodir`, as a step: of the commit that was pushed, or of the
 * branch when started by hand (see `refParam`).
 */
export const pullStep = ({ repodir, submodules, gitBinary = DEFAULT_GIT }: PullInput): Step => ({
  name: "pull",
  workdir: escapeVariables(repodir),
  git: {
    ref: "${{ params.ref }}",
    submodules,
    ...(gitBinary !== DEFAULT_GIT && { git_binary: escapeVariables(gitBinary) }),
  },
});

const DEFAULT_GIT = "/usr/bin/git";

/** The param that says what to check out: a rule gives the pushed commit, a start by hand the branch. */
export const refParam = (branch: string | undefined): Record<string, unknown> => ({
  ref: branch === undefined || branch.startsWith("-") ? {} : { default: branch },
});

/** A glob that fits this text alone. */
export const globOf = (text: string): string => text.replaceAll(/[\\*?[\]{}!]/g, (char) => `\\${char}`);

/** The owner was never looked at: only the repository's name. */
export const repositoryGlobs = (name: string): string[] => [globOf(name), `**/${globOf(name)}`];

/** One thread ran everything, one after another. */
export const ONE_AT_A_TIME = { group: "automata" };
