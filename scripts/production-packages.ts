import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const entry = z.object({
  name: z.string().optional(),
  version: z.string(),
  license: z.string().optional(),
  dev: z.boolean().optional(),
});
const lock = z.object({ packages: z.record(z.string(), z.unknown()) });

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; undefined where its package.json names none. */
  readonly license: string | undefined;
  /** `node_modules/a/node_modules/b` */
  readonly path: string;
}

/** What `npm ci --omit=dev` installs, on whatever system, by the package-lock.json of a folder. */
export async function productionPackages(root: string): Promise<LockedPackage[]> {
  const { packages } = lock.parse(JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")));
  return Object.entries(packages)
    .filter(([path]) => path !== "")
    .map(([path, value]) => ({ path, ...entry.parse(value) }))
    .filter(({ dev }) => dev !== true)
    .map(({ path, name, version, license }) => ({
      path,
      version,
      license,
      name: name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
    }));
}
