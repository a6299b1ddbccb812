import { isReleaseId, readCurrent, removeRelease } from "../../lib/releases/folders.ts";
import type { Release } from "../../domain/release.ts";
import type { StepContext } from "../step.ts";

export interface PruneInput {
  readonly releases: readonly Release[];
  readonly dir: string;
  readonly keep: number;
  /** The release that is in use now. */
  readonly current: string;
}

/** Removes the folders of old releases. A folder that can't be removed costs space, not the deployment. */
export async function pruneReleases(
  { releases, dir, keep, current }: PruneInput,
  { log, releases: book }: StepContext,
): Promise<void> {
  for (const release of superfluous(releases, { dir, keep, current })) {
    try {
      await removeRelease(dir, release.id);
      await book.put({ ...release, state: "removed" });
      log(`Removed the old release ${release.id}`);
    } catch (error) {
      log(`The old release ${release.id} could not be removed: ${String(error)}`);
    }
  }
}

/** The ones in use most recently stay; so do those that never were, as they are gone already. */
function superfluous(
  releases: readonly Release[],
  { dir, keep, current }: Omit<PruneInput, "releases">,
): Release[] {
  const kept = releases.filter(
    (release) =>
      release.dir === dir &&
      release.id !== current &&
      isReleaseId(release.id) &&
      (release.state === "healthy" || release.state === "withdrawn"),
  );
  return kept
    .toSorted((one, other) => (other.activatedAt ?? "").localeCompare(one.activatedAt ?? ""))
    .slice(keep - 1);
}

/** What tasks left half made that a dying server could not clear up. */
export async function removeLeftovers(
  { releases, dir }: Pick<PruneInput, "releases" | "dir">,
  { log, releases: book }: StepContext,
): Promise<void> {
  const current = await readCurrent(dir).catch(() => null);
  for (const release of releases) {
    if (release.state !== "preparing" || release.dir !== dir || !isReleaseId(release.id)) continue;
    if (release.id !== current) await removeRelease(dir, release.id);
    await book.put({ ...release, state: "failed" });
    log(`The release ${release.id} was left unfinished by a server that ended`);
  }
}
