import type { DeployEntry } from "../../domain/deploy.ts";

/** What the deploy API tells. See Store. */
export interface DeployStore {
  /** Adds an entry for each deploy whose tasks have ended meanwhile; resolves with how many there were. */
  settleDeploys(input: { readonly now: string }): Promise<number>;
  listDeployEntries(filter: {
    readonly user?: string | undefined;
    /** By its name in the settings, or in package.json. */
    readonly app?: string | undefined;
    /** Of these apps alone, by their names in the settings. */
    readonly apps?: readonly string[] | undefined;
    readonly id?: string | undefined;
    readonly deliveryId?: string | undefined;
    /** `owner/name`. */
    readonly repository?: string | undefined;
    /** False: without those that nothing was to be done for. */
    readonly ignored?: false | undefined;
    /** Only entries with a higher `seq`. */
    readonly after?: number | undefined;
    readonly order: "asc" | "desc";
    readonly limit: number;
    readonly skip?: number;
  }): Promise<readonly DeployEntry[]>;
}
