import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The clone: links of pages lead to whatever of it, also outside docs/. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Folders of which every page is in the site, and what of the root is. README.md is for the repository: the site has a home. */
const FOLDERS = ["docs", "examples"] as const;
const OF_THE_ROOT = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"] as const;

const isPage = (name: string): boolean => name.endsWith(".md") && !name.includes(".vitepress");

/** Files that are pages of the site, from the root: `docs/steps.md`. */
export const pageFiles: readonly string[] = [
  ...FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter(isPage)
      .map((name) => `${folder}/${name}`),
  ),
  ...OF_THE_ROOT,
].sort();

/** Where a page is in the site: `docs/tutorials/README.md` → `tutorials/index.md`, `SECURITY.md` → `security.md`. */
export const pageOf = (file: string): string =>
  file.includes("/")
    ? file.replace(/^docs\//, "").replace(/(^|\/)README\.md$/, "$1index.md")
    : file.toLowerCase();

/** Where another file is in the site. What browsers would offer to save, they show as text. */
export const copyOf = (file: string): string => `files/${file}${file.endsWith(".json") ? "" : ".txt"}`;

/** Whether a page may link to this file of the clone. */
export const isFile = (file: string): boolean =>
  !file.startsWith("..") && existsSync(join(ROOT, file)) && statSync(join(ROOT, file)).isFile();
