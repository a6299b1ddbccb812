import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { tarballFailure } from "./failure.ts";
import { messageOf } from "../../lib/message-of.ts";

const packageSchema = z.object({
  name: z.string().max(214).catch(""),
  version: z.string().max(100).catch(""),
});
export type PackageFacts = z.infer<typeof packageSchema>;

const MAX_BYTES = 1024 * 1024;
const NONE: PackageFacts = { name: "", version: "" };

/** What an archive's package.json says, where there is one. `needed`: rejects with `deploy:github:no_pkg_json` otherwise. */
export async function readPackage(dir: string, needed: boolean): Promise<PackageFacts> {
  try {
    const file = join(dir, "package.json");
    const stats = await lstat(file);
    // A link leads no further than the archive, but may lead in a circle.
    if (!stats.isFile() || stats.size > MAX_BYTES) throw new Error("it is no file of a usual size");
    return packageSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (!needed) return NONE;
    const why = messageOf(error);
    throw tarballFailure(
      "deploy:github:no_pkg_json",
      `The archive has no package.json that can be read: ${why}`,
      error,
    );
  }
}
