/** Of a deploy's payload, at most: GitHub's own maximum. */
export const DEPLOY_BODY_BYTES = 25 * 1024 * 1024;

/** An app of the deploy API: what may be deployed, and by whom. */
export interface DeployApp {
  readonly name: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly users: readonly string[];
}

/** Who tells of a commit to deploy. */
export type DeployProvider = "github" | "travis";

/** `pending`: accepted, or held until its tests pass. `ignored`: nothing was to be done, such as for another branch. */
export type DeployStatus = "pending" | "ok" | "error" | "ignored";

/** One request to deploy; stored with its delivery. */
export interface NewDeploy {
  /** 32 hex digits. */
  readonly id: string;
  readonly user: string;
  readonly app: string;
  /** The request's `x-api-uuid`. */
  readonly uuid: string;
  readonly provider: DeployProvider;
  /** `owner/name/sha`. */
  readonly commit: string;
  /** Whether there is nothing to wait for: no task was started. */
  readonly ignored: boolean;
  /** RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
}

/** One thing that became of a deploy: an entry of the status and changes of the deploy API. */
export interface DeployEntry {
  /** One ascending sequence over all users. */
  readonly seq: number;
  /** 32 hex digits, of the entry. */
  readonly id: string;
  readonly deployId: string;
  readonly user: string;
  /** What package.json calls the app, once that is known; until then its name in the settings. */
  readonly app: string;
  /** Its name in the settings: what a token is good for goes by that, never by what a repository calls itself. */
  readonly deployApp: string;
  readonly uuid: string;
  readonly status: DeployStatus;
  /** A code of the deploy API, such as `deploy:tar:unsafe_path`; only with `error`. */
  readonly error: string | null;
  /** A sentence; only with `error`. */
  readonly reason: string | null;
  readonly provider: DeployProvider;
  readonly commit: string;
  readonly deliveryId: string;
  readonly createdAt: string;
}

/** What the deploy API says of a step that failed without a code of its own. */
export function codeOfStep(kind: string, error: string | undefined): string {
  if (error?.startsWith("deploy:") === true) return error;
  return kind === "tarball" ? "deploy:github:download_tarball" : "deploy:nodejitsu:start_app";
}
