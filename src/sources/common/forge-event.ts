import type { EventCommit, HookEvent } from "../../domain/event.ts";
import { at, flagAt, listAt, textAt } from "../../lib/pick.ts";

/** An event of which nothing is known yet but where it came from. */
export type EventFrame = Pick<HookEvent, "source" | "kind" | "senderName" | "payload">;

export const emptyEvent = (frame: EventFrame): HookEvent => ({
  ...frame,
  name: "other",
  repository: null,
  cloneUrl: null,
  ref: null,
  branch: null,
  tag: null,
  deleted: false,
  commit: null,
  before: null,
  status: null,
  action: null,
  paths: null,
  sender: null,
  draft: null,
  fork: null,
  health: null,
  headers: {},
});

/** What is special to each event of a sender, by its name there. A map: a name such as `constructor` finds nothing. */
export type EventParts = ReadonlyMap<string, (payload: unknown) => Partial<HookEvent>>;

/** A ref in its parts: `refs/heads/a/b` is branch `a/b`. */
export function refParts(ref: string | null): Pick<HookEvent, "ref" | "branch" | "tag"> {
  const part = (prefix: string): string | null => (ref?.startsWith(prefix) ? ref.slice(prefix.length) : null);
  return { ref, branch: part("refs/heads/"), tag: part("refs/tags/") };
}

/**
 * The branch of a pull request or a build, if it is one of the event's own repository. A fork's is not: anybody may make a
 * fork with a branch `main`, and must not pass for the real one by it.
 */
export function ownBranch(
  name: string | null,
  { fork }: { readonly fork: boolean },
): Pick<HookEvent, "ref" | "branch"> {
  const branch = fork ? null : name;
  return { branch, ref: branch === null ? null : `refs/heads/${branch}` };
}

const isZero = (sha: string): boolean => /^0+$/.test(sha);

/** Null for the id of all zeros that stands for "none". */
export const realSha = (sha: string | null): string | null => (sha === null || isZero(sha) ? null : sha);

/** Whether a push removed its ref: it says where to, and that is nowhere. */
export function isDeletion(payload: unknown): boolean {
  const after = textAt(payload, "after");
  return after !== null && isZero(after);
}

/** A commit as GitHub, GitLab, Gitea and Gogs write it in a push. */
export function commitOf(value: unknown): EventCommit | null {
  const sha = realSha(textAt(value, "id"));
  if (sha === null) return null;
  return {
    sha,
    message: textAt(value, "message"),
    author: textAt(value, "author", "username") ?? textAt(value, "author", "name"),
    url: textAt(value, "url"),
    timestamp: textAt(value, "timestamp"),
  };
}

/** The commit with that id: as `described`, if that is the one, else bare. */
export function commitWith(sha: string | null, described: unknown): EventCommit | null {
  const commit = commitOf(described);
  return sha === null || commit?.sha === sha ? commit : bareCommit(sha);
}

export const bareCommit = (sha: string | null): EventCommit | null =>
  sha === null ? null : { sha, message: null, author: null, url: null, timestamp: null };

const CHANGES = ["added", "modified", "removed"] as const;

/**
 * The changed paths of a push, sorted, each once. Null when they are not all known: the sender lists no commit
 * (a new branch on an old commit), lists commits without their files, or says that there were more than it lists.
 */
export function pathsOf(commits: readonly unknown[], total: number | null): readonly string[] | null {
  if (commits.length === 0 || (total !== null && total > commits.length)) return null;
  if (!commits.every((commit) => listsFiles(commit))) return null;
  const paths = new Set<string>();
  for (const commit of commits) {
    for (const change of CHANGES) {
      for (const path of listAt(commit, change)) if (typeof path === "string") paths.add(path);
    }
  }
  return [...paths].toSorted();
}

/** An empty list may be there as null: Go writes it so. */
const listsFiles = (commit: unknown): boolean => CHANGES.some((change) => at(commit, change) !== undefined);

/** A pull request as GitHub and Gitea write it: the branch and commit that it wants to bring in. */
export function pullRequestParts(payload: unknown): Partial<HookEvent> {
  const head = at(payload, "pull_request", "head");
  const fork = isFork(payload, at(head, "repo"));
  return {
    name: "pull_request",
    ...ownBranch(textAt(head, "ref"), { fork }),
    fork,
    draft: flagAt(payload, "pull_request", "draft"),
    commit: bareCommit(textAt(head, "sha")),
    status: textAt(payload, "pull_request", "state"),
  };
}

/** A run of the forge's own CI as GitHub and Gitea write it. */
export function workflowRunParts(payload: unknown): Partial<HookEvent> {
  const run = at(payload, "workflow_run");
  return buildParts(run, { fork: isFork(payload, at(run, "head_repository")) });
}

/** `fork`: null where the sender does not tell. */
export function buildParts(run: unknown, { fork }: Pick<HookEvent, "fork">): Partial<HookEvent> {
  return {
    name: "build",
    ...ownBranch(textAt(run, "head_branch"), { fork: fork ?? false }),
    fork,
    commit: commitWith(textAt(run, "head_sha"), at(run, "head_commit")),
    status: textAt(run, "conclusion") ?? textAt(run, "status"),
  };
}

/** Whether a repository is not the one that the event is of. One that is not named counts as a fork: it may be a removed one. */
export function isFork(payload: unknown, repository: unknown): boolean {
  const name = textAt(repository, "full_name");
  return name === null || name !== textAt(payload, "repository", "full_name");
}

/** A release as GitHub and Gitea write it. */
export function releaseParts(payload: unknown): Partial<HookEvent> {
  const tag = textAt(payload, "release", "tag_name");
  return { name: "release", tag, ref: tag === null ? null : `refs/tags/${tag}` };
}
