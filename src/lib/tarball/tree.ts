import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { shown, TarballError } from "./names.ts";

/** What has been made of a tree so far. Nothing is ever written through a link, or over something. */
export interface Tree {
  readonly root: string;
  /** Makes the folder and those above it. */
  folder(parts: readonly string[]): Promise<void>;
  /** Where a new file goes; its folder is there. */
  newFile(parts: readonly string[]): Promise<string>;
  link(parts: readonly string[], target: string): Promise<void>;
}

/** `root` exists and is empty. */
export function createTree(root: string): Tree {
  const made = new Map<string, "folder" | "file" | "link">();

  async function folder(parts: readonly string[]): Promise<void> {
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const path = parts.slice(0, depth).join("/");
      const what = made.get(path);
      if (what === "folder") continue;
      if (what !== undefined) throw conflict(path, what);
      made.set(path, "folder");
      await mkdir(join(root, path));
    }
  }

  async function claim(parts: readonly string[], what: "file" | "link"): Promise<string> {
    await folder(parts.slice(0, -1));
    const path = parts.join("/");
    const known = made.get(path);
    if (known !== undefined) throw conflict(path, known);
    made.set(path, what);
    return join(root, path);
  }

  return {
    root,
    folder,
    newFile: (parts) => claim(parts, "file"),
    link: async (parts, target) => symlink(target, await claim(parts, "link")),
  };
}

const conflict = (path: string, known: string): TarballError =>
  new TarballError(
    "unsafe_path",
    `The archive has ${shown(path)} twice, or something below it: it is a ${known} already`,
  );
