/**
 * `preparing`: being made, or left so by a server that died. `healthy`: it has been in use, and passed its health check.
 * `failed`: it never has. `withdrawn`: a person went back from it. `removed`: its folder is gone, to save space.
 */
export const RELEASE_STATES = ["preparing", "healthy", "failed", "withdrawn", "removed"] as const;
export type ReleaseState = (typeof RELEASE_STATES)[number];

/** One version of an app on one machine, in a folder of its own beside the link `current`. */
export interface Release {
  readonly app: string;
  /** Name of the machine that has it. */
  readonly node: string;
  /** Names the folder: `20261125T093000Z-1a2b3c`. */
  readonly id: string;
  /** The app's folder, absolute: it holds `releases/`, `shared/` and `current`. */
  readonly dir: string;
  readonly commit: string | null;
  /** The task that made it, its action, and which of its steps. */
  readonly taskId: string;
  readonly action: string;
  readonly step: number;
  readonly state: ReleaseState;
  /** RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
  /** When `current` was last put on it and it was well; null: never. */
  readonly activatedAt: string | null;
}

/** The release in use: the one that was last put in force and not withdrawn. `releases`: of one app on one machine. */
export function currentRelease(releases: readonly Release[]): Release | null {
  return byActivation(releases)[0] ?? null;
}

/** Where a rollback goes when nobody names a release: the last healthy one before the one in use. */
export function lastHealthy(releases: readonly Release[]): Release | null {
  return byActivation(releases)[1] ?? null;
}

const byActivation = (releases: readonly Release[]): Release[] =>
  releases
    .filter(({ state, activatedAt }) => state === "healthy" && activatedAt !== null)
    .toSorted((one, other) => (other.activatedAt ?? "").localeCompare(one.activatedAt ?? ""));
