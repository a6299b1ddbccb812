import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { commandOf, listProcesses } from "../processes/proc.ts";

/**
 * Removes the lock files that a killed git left in the repository of `workTree`, and returns their names. It removes nothing
 * while a git process works in that folder (seen on Linux only). `remove` is given absolute paths.
 */
export async function removeStaleLocks(
  workTree: string,
  remove: (paths: readonly string[]) => Promise<unknown>,
): Promise<readonly string[]> {
  const gitDir = join(workTree, ".git");
  const locks = await findLocks(gitDir);
  if (locks.length === 0 || (await isGitAtWork(workTree))) return [];
  await remove(locks.map((name) => join(gitDir, name)));
  return locks;
}

async function findLocks(gitDir: string): Promise<string[]> {
  const isLock = (name: string): boolean => name.endsWith(".lock");
  const top = (await list(gitDir, false)).filter(isLock);
  const refs = (await list(join(gitDir, "refs"), true)).filter(isLock).map((name) => join("refs", name));
  return [...top, ...refs];
}

/** Nothing where there is no such folder: `.git` may be a file. */
const list = (folder: string, recursive: boolean): Promise<string[]> =>
  readdir(folder, { recursive }).catch(() => []);

async function isGitAtWork(workTree: string): Promise<boolean> {
  const gits = listProcesses().filter(({ pid }) => /^(?:\S*\/)?git(?:-\S+)?(?: |$)/.test(commandOf(pid)));
  const folders = await Promise.all(gits.map(({ pid }) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return folders.some((folder) => folder === workTree || folder.startsWith(`${workTree}/`));
}
