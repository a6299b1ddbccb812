import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { AsUser } from "./as-user.ts";
import { tryCommand } from "./programs.ts";

export interface UserFolderOptions {
  readonly as: AsUser;
  readonly dir: string;
  /** Whether it also has to be able to write there. */
  readonly writes: boolean;
}

/**
 * Proves that an account can work in a folder, which it makes itself where there is none: with the server's rights a link
 * in the way could lead anywhere. Null, or why it can't, for people.
 */
export async function userFolderProblem({ as, dir, writes }: UserFolderOptions): Promise<string | null> {
  const { account, prefix } = as;
  const script = `[ -d "$1" ] || mkdir -p -- "$1"; cd -- "$1" && { ${writes ? "[ -w . ]" : ":"}; }`;
  const tried = await tryCommand([...prefix, "/bin/sh", "-c", script, "sh", dir]);
  if (tried.ok) return null;
  const closed = await firstClosed(dirname(dir));
  const hint =
    closed === null
      ? `give it to that account (chown ${account.name}: ${dir}), or name another folder by workdir`
      : `let others pass: chmod o+x ${closed}`;
  return `${account.name} can't ${writes ? "write to" : "enter"} ${dir}; ${hint}`;
}

/** On the way from the root; null: others may pass everywhere. */
async function firstClosed(dir: string): Promise<string | null> {
  const above = dirname(dir);
  const closed = above === dir ? null : await firstClosed(above);
  if (closed !== null) return closed;
  const found = await stat(dir).catch(() => null);
  return found === null || (found.mode & 0o001) !== 0 ? null : dir;
}

/** Which of these paths an account can get to at all. */
export async function reachable(
  { prefix }: Pick<AsUser, "prefix">,
  paths: readonly string[],
): Promise<string[]> {
  const script = 'for each do if [ -e "$each" ]; then echo y; else echo n; fi; done';
  const { stdout } = await tryCommand([...prefix, "/bin/sh", "-c", script, "sh", ...paths]);
  const answers = stdout.split("\n");
  // Not told means not known: then it counts.
  return paths.filter((_, index) => answers[index] !== "n");
}
