import { cp, lstat, mkdir, readlink, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { containedFolder } from "../contained-folder.ts";

/** Where everything of an app is, below its folder. */
export const releasesIn = (dir: string): string => join(dir, "releases");
export const releaseIn = (dir: string, id: string): string => join(dir, "releases", id);
export const currentIn = (dir: string): string => join(dir, "current");
export const sharedIn = (dir: string): string => join(dir, "shared");

/** `20261125T093000Z-1a2b3c`: sorts by time; the tail tells releases of one second apart. */
export const releaseId = (now: Date, tail: string): string =>
  `${now
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "")}-${tail}`;

const RELEASE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Whether a text can name a release: it becomes part of a path. */
export const isReleaseId = (text: string): boolean => RELEASE_ID.test(text) && !text.includes("..");

/** The release that `current` leads to; null when there is none. Throws when `current` is no link of ours. */
export async function readCurrent(dir: string): Promise<string | null> {
  const link = currentIn(dir);
  const stats = await lstat(link).catch(() => null);
  if (stats === null) return null;
  if (!stats.isSymbolicLink()) {
    throw new Error(`${link} is no symbolic link: move it away, its place is for the release in use`);
  }
  const target = await readlink(link);
  const id = basename(target);
  return target === join("releases", id) && isReleaseId(id) ? id : null;
}

/** Puts `current` on a release, in one step: whoever looks sees the old one or the new one. */
export async function switchCurrent(dir: string, id: string): Promise<void> {
  await readCurrent(dir);
  const next = join(dir, `.current-${id}`);
  await rm(next, { force: true });
  await symlink(join("releases", id), next);
  await rename(next, currentIn(dir));
}

/** Takes `current` away: the first release failed, and there is nothing to go back to. */
export async function dropCurrent(dir: string): Promise<void> {
  if ((await readCurrent(dir)) !== null) await rm(currentIn(dir), { force: true });
}

export const removeRelease = (dir: string, id: string): Promise<void> =>
  rm(releaseIn(dir, id), { recursive: true, force: true });

/**
 * Makes a path of the release a link to the same path in `shared/`, which all releases have in common. What `shared/` does
 * not have yet comes from the release. Throws when the path leads out of the release.
 */
export async function linkShared(dir: string, id: string, path: string): Promise<void> {
  const release = await realpath(releaseIn(dir, id));
  await mkdir(sharedIn(dir), { recursive: true });
  const place = join(await containedFolder(release, dirname(path)), basename(path));
  const shared = join(await containedFolder(sharedIn(dir), dirname(path)), basename(path));
  if ((await lstat(shared).catch(() => null)) === null) {
    if ((await lstat(place).catch(() => null)) === null) await mkdir(shared);
    else await cp(place, shared, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
  await rm(place, { recursive: true, force: true });
  await symlink(relative(dirname(place), shared), place);
}
