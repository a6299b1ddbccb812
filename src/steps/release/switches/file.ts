import { chmod, readFile, rename, rm, stat, writeFile } from "node:fs/promises";

/** The file as it is; null when there is none. */
export const readIfThere = (file: string): Promise<string | null> => readFile(file, "utf8").catch(() => null);

const MODE = 0o644;

/** In one step, so that a proxy never reads half of it; null: removes it. */
export async function replaceFile(file: string, text: string | null): Promise<void> {
  if (text === null) return rm(file, { force: true });
  const mode = await stat(file)
    .then((stats) => stats.mode & 0o777)
    .catch(() => MODE);
  await writeFile(`${file}.hookwright`, text);
  await chmod(`${file}.hookwright`, mode);
  await rename(`${file}.hookwright`, file);
  return undefined;
}
