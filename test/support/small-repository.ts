import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";

/** A real git repository of a few files. */
export interface SmallRepository {
  readonly dir: string;
  /** Replaces the files given (null: removes one) and commits; resolves with the commit's id. */
  commit(files: Readonly<Record<string, string | null>>): Promise<string>;
}

export async function createSmallRepository(dir: string): Promise<SmallRepository> {
  const identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"];
  const git = (...args: string[]) => execa("git", [...identity, ...args], { cwd: dir });
  await mkdir(dir, { recursive: true });
  await git("init", "-q", "-b", "master");
  return {
    dir,
    async commit(files) {
      for (const [name, text] of Object.entries(files)) {
        const path = join(dir, name);
        await mkdir(dirname(path), { recursive: true });
        if (text === null) await rm(path);
        else await writeFile(path, text);
      }
      await git("add", "-A");
      await git("commit", "-q", "--allow-empty", "-m", "a commit");
      return (await git("rev-parse", "HEAD")).stdout;
    },
  };
}
