import type { Release } from "../../domain/release.ts";

/** Versions of apps on their machines. See Store. */
export interface ReleaseStore {
  /** Adds a release, or changes its state and `activatedAt`. */
  putRelease(release: Release): Promise<void>;
  /** The newest 500, newest first. */
  listReleases(filter: {
    readonly app?: string | undefined;
    /** Name of the machine. */
    readonly node?: string | undefined;
  }): Promise<readonly Release[]>;
}
