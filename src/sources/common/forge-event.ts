import type { EventCommit, HookEvent } from "../../domain/event.ts";
import { at, listAt, textAt } from "../../lib/pick.ts";

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
});

/** A ref in its parts: `refs/heads/a/b` is branch `a/b`. */
export function refParts(ref: string | null): Pick<HookEvent, "ref" | "branch" | "tag"> {
  const part = (prefix: string): string | null => (ref?.startsWith(prefix) ? ref.slice(prefix.length) : null);
  return { ref, branch: part("refs/heads/"), tag: part("refs/tags/") };
}

/** Null for the id of all zeros that stands for "none". */
export const realSha = (sha: string | null): string | null => (sha === null || /^0+$/.test(sha) ? null : sha);

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

export const bareCommit = (sha: string | null): EventCommit | null =>
  sha === null ? null : { sha, message: null, author: null, url: null, timestamp: null };

const CHANGES = ["added", "modified", "removed"] as const;

/**
 * The changed paths of a push, sorted, each once. Null when they are not all known: the sender lists no commit
 * (a new branch on an old commit), or says that there were more than it lists.
 */
export function pathsOf(commits: readonly unknown[], total: number | null): readonly string[] | null {
  if (commits.length === 0 || (total !== null && total > commits.length)) return null;
  const paths = new Set<string>();
  for (const commit of commits) {
    for (const change of CHANGES) {
      for (const path of listAt(commit, change)) if (typeof path === "string") paths.add(path);
    }
  }
  return [...paths].toSorted();
}

/** A pull request as GitHub, Gitea and Gogs write it: the branch and commit that it wants to bring in. */
export function pullRequestParts(payload: unknown): Partial<HookEvent> {
  const head = at(payload, "pull_request", "head");
  const branch = textAt(head, "ref");
  return {
    name: "pull_request",
    branch,
    ref: branch === null ? null : `refs/heads/${branch}`,
    commit: bareCommit(textAt(head, "sha")),
    status: textAt(payload, "pull_request", "state"),
  };
}

/** A release as GitHub and Gitea write it. */
export function releaseParts(payload: unknown): Partial<HookEvent> {
  const tag = textAt(payload, "release", "tag_name");
  return { name: "release", tag, ref: tag === null ? null : `refs/tags/${tag}` };
}

/** The readers of what is special to each event, by the sender's name of it. */
export type PartReaders = Readonly<Record<string, (payload: unknown) => Partial<HookEvent>>>;

/** What is special to an event of that name. Senders choose the name: `constructor` must be one that nobody foresaw. */
export const partsOf = (readers: PartReaders, name: string, payload: unknown): Partial<HookEvent> =>
  (Object.hasOwn(readers, name) ? readers[name]?.(payload) : null) ?? {};
