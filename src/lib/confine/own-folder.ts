import { chmod, chown, lstat, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../message-of.ts";
import type { AsUser } from "./as-user.ts";

export interface OwnFolderOptions {
  readonly as: AsUser;
  /** In the last of `through`. */
  readonly dir: string;
  /** Folders of the server's that the account has to pass, outermost first. */
  readonly through: readonly string[];
}

/** Makes the folder that an account works in: its own, and closed to all others. Null, or why not, for people. */
export async function ownFolderProblem({ as, dir, through }: OwnFolderOptions): Promise<string | null> {
  const { name, uid, gid } = as.account;
  try {
    for (const each of through) {
      // oxlint-disable-next-line no-await-in-loop -- from the outside in
      await mkdir(each, { recursive: true, mode: 0o700 });
      // oxlint-disable-next-line no-await-in-loop
      await letPass(each);
    }
    if (await makeClosed(dir)) await chown(dir, uid, gid);
    const found = await lstat(dir);
    if (!found.isDirectory()) return `${dir} is no folder`;
    if (found.uid !== uid) return `${dir} is not ${name}'s: chown -R ${name}: ${dir}`;
    return (found.mode & 0o022) === 0 ? null : `${dir} can be changed by others: chmod go-w ${dir}`;
  } catch (error) {
    return `${dir} can't be made for ${name}: ${messageOf(error)}`;
  }
}

/** False where it was there already. */
async function makeClosed(dir: string): Promise<boolean> {
  try {
    await mkdir(dir, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

const PASS = 0o011;
const OTHERS = 0o077;

/**
 * Lets other accounts pass through a folder of this account's, and no more. Nobody could get in before, so nobody loses
 * anything when what is in there is closed first.
 */
async function letPass(dir: string): Promise<void> {
  const { mode, uid } = await lstat(dir);
  if (uid !== process.getuid?.() || (mode & PASS) === PASS) return;
  if ((mode & OTHERS) === 0) await closeAllIn(dir);
  await chmod(dir, (mode & 0o7777) | PASS);
}

async function closeAllIn(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true });
  const own = entries.filter((entry) => entry.isDirectory() || entry.isFile());
  await Promise.all(own.map(({ name }) => close(join(dir, name))));
}

async function close(path: string): Promise<void> {
  const { mode, uid } = await lstat(path);
  if (uid === process.getuid?.() && (mode & OTHERS) !== 0) await chmod(path, mode & 0o7700);
}

/** What lies between, from `outer` to the folder above `dir`, outermost first; the latter alone where `dir` is not in `outer`. */
export function foldersBetween(outer: string, dir: string): string[] {
  const above = dirname(dir);
  if (above === outer || !above.startsWith(`${outer}/`)) return [above];
  return [...foldersBetween(outer, above), above];
}
