/** Where commits live, and can be told how their deployment goes. */
export const FORGES = ["github", "gitlab", "gitea", "forgejo"] as const;
export type Forge = (typeof FORGES)[number];

/** What the settings say about reporting tasks of an action, or of an app of the deploy API, to the forge of their commit. */
export interface ReportRules {
  /** `ACTION`, or `app:APP`: no action has a name with a colon. */
  readonly name: string;
  readonly forge: Forge;
  /** `https://api.github.com`, without a trailing slash. */
  readonly apiUrl: string;
  /** Null: what users of the deploy API have paired with, or what the settings give for GitHub. */
  readonly token: string | null;
  /** `owner/name`: of no others. */
  readonly repositories: readonly string[];
  /** Whether commit statuses are written. */
  readonly status: boolean;
  /** What tells these statuses from others of the same commit. */
  readonly context: string;
  /** The environment that deployments are of; null: none are written. */
  readonly deployment: string | null;
  /** Where people find what has been deployed. */
  readonly environmentUrl: string | null;
  /** The param that holds the commit, where no event does. */
  readonly commitParam: string;
  /** True: nobody has asked for it in the settings, so only with a token that a user has paired with. */
  readonly implicit: boolean;
}

/** Of one task, decided when it is made. */
export interface TaskReport {
  /** Of the rules. */
  readonly rules: string;
  readonly repository: string;
  /** The whole id. */
  readonly commit: string;
  /** Branch or tag; null: not known. */
  readonly ref: string | null;
  readonly tag: boolean;
  /** Who deploys by the deploy API; null: nobody does. */
  readonly user: string | null;
}

/** A deployment that the forge has been told of, kept to be told how it goes on. */
export interface ForgeDeployment {
  readonly taskId: string;
  /** Stands for the forge, the repository and the environment. */
  readonly place: string;
  /** What the forge calls it. */
  readonly remoteId: string;
  /** As it was last told. */
  readonly state: string;
  /** RFC 3339 UTC with milliseconds. */
  readonly at: string;
}
