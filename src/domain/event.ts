/** The kinds of sender that a source can be of. */
export const SOURCE_KINDS = [
  "github",
  "gitlab",
  "gitea",
  "gogs",
  "bitbucket",
  "travis",
  "jobserv",
  "standard-webhooks",
  "dockerhub",
  "argocd",
  "nodejitsu",
  "generic",
] as const;
export type SourceKindName = (typeof SOURCE_KINDS)[number];

/**
 * What a delivery means, in one shape whatever the sender.
 * Fields that the sender did not give are null; nothing is guessed.
 */
export interface HookEvent {
  /** Name of the source in the settings. */
  readonly source: string;
  readonly kind: SourceKindName;
  /** The one name for the same thing at every sender. */
  readonly name: EventName;
  /** The sender's own name for it: `push`, `Push Hook`, `repo:push` … */
  readonly senderName: string;
  /** `owner/name`, as the sender spells it. */
  readonly repository: string | null;
  readonly cloneUrl: string | null;
  /** Full ref: `refs/heads/main`. */
  readonly ref: string | null;
  /** Branch name without `refs/heads/`; slashes kept. Null for tags. */
  readonly branch: string | null;
  readonly tag: string | null;
  /** True when the push removed the branch or tag. */
  readonly deleted: boolean;
  readonly commit: EventCommit | null;
  /** The commit the ref pointed to before, if any. */
  readonly before: string | null;
  /** Sender's status word for build and health events. */
  readonly status: string | null;
  /** Action word of the sender: `opened`, `published` … */
  readonly action: string | null;
  /** Added, modified and removed paths of all commits, sorted, each once. Null when the sender gives none or truncated them. */
  readonly paths: readonly string[] | null;
  readonly sender: string | null;
  /** Of a pull request: whether it is a draft. Null where the sender does not tell. */
  readonly draft: boolean | null;
  /** Of a pull request or a build: whether it comes from another repository. Null where the sender does not tell. */
  readonly fork: boolean | null;
  /** Of events named `health`; null for all others. */
  readonly health: HealthReport | null;
  /** What is stored of the request's headers: lower-case name → value. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body, untouched. */
  readonly payload: unknown;
}

/** What expressions can read of an event, named in snake case as everything in the settings. */
export const EVENT_FIELDS = [
  "source",
  "kind",
  "name",
  "sender_name",
  "repository",
  "clone_url",
  "ref",
  "branch",
  "tag",
  "deleted",
  "commit",
  "before",
  "status",
  "action",
  "paths",
  "sender",
  "draft",
  "fork",
  "health",
  "headers",
  "payload",
] as const;
export type EventField = (typeof EVENT_FIELDS)[number];

export const EVENT_NAMES = [
  "push",
  "tag",
  "pull_request",
  "release",
  "build",
  "image",
  "health",
  "ping",
  "other",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

export interface EventCommit {
  readonly sha: string;
  readonly message: string | null;
  readonly author: string | null;
  readonly url: string | null;
  /** RFC 3339, as the sender gave it. */
  readonly timestamp: string | null;
}

/** How a deployed application is. */
export interface HealthReport {
  /** Null where the sender names none: then its source stands for one application. */
  readonly app: string | null;
  /** The deployed commit, whole or abbreviated, lower-case hex; null where the sender gave none. */
  readonly revision: string | null;
  /**
   * Where a degraded application can go back to. As described: what the sender named, or null;
   * once the memory of healthy revisions was asked: what it decided.
   */
  readonly healthyRevision: string | null;
  /** Why the memory refuses a rollback; null: it does not. Such an event starts only rules that speak of it. */
  readonly refusal: string | null;
}
