import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** The folder itself, or the one that is there above it. */
export function nearestFolder(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : nearestFolder(dirname(dir));
}
