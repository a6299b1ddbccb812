import { mkdir, realpath } from "node:fs/promises";
import { isAbsolute, resolve, sep } from "node:path";

/**
 * The real path of folder `name` inside `base`, made if it is missing. Throws when it leads out of `base`, also by
 * a symbolic link. `base` must exist.
 */
export async function containedFolder(base: string, name: string): Promise<string> {
  const root = await realpath(base);
  const problem = new Error(`${name} leads out of ${base}`);
  if (isAbsolute(name) || !isWithin(root, resolve(root, name))) throw problem;
  let folder = root;
  // One by one: a link among them must be seen before anything is made behind it.
  for (const part of resolve(root, name).slice(root.length).split(sep).filter(Boolean)) {
    const next = resolve(folder, part);
    await mkdir(next).catch((error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    });
    folder = await realpath(next);
    if (!isWithin(root, folder)) throw problem;
  }
  return folder;
}

const isWithin = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
