import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../domain/errors.ts";
import { messageOf } from "../lib/message-of.ts";

/**
 * Adds what stands in a folder's `.env` to this process's environment; what is set already stays. Some older servers were
 * set up so. Throws `settings:invalid` when there is one that can't be read.
 */
export function loadDotenv(dir: string): void {
  const file = join(dir, ".env");
  if (!existsSync(file)) return;
  try {
    process.loadEnvFile(file);
  } catch (error) {
    const reason = messageOf(error);
    throw new AppError("settings:invalid", `${file} can't be read: ${reason}`, { cause: error });
  }
}
