import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "../domain/errors.ts";
import { parseSettings } from "./load.ts";
import type { Settings } from "./settings.ts";

const KAPP_EXAMPLE = fileURLToPath(new URL("../../examples/k-app/hookwright.yaml", import.meta.url));
const KAPP_PORT = "3000";

/**
 * The settings of a server that is started as one of the older systems were, by environment variables alone; null when
 * none of theirs is set. `TOKEN_HASH`: K-App's deploy server (`PORT`, default 3000), by the settings in examples/k-app.
 */
export function settingsFromEnvironment(env: NodeJS.ProcessEnv): Settings | null {
  if (env["TOKEN_HASH"] !== undefined) {
    const text = readFileSync(KAPP_EXAMPLE, "utf8");
    return parseSettings({ text, file: null, dir: process.cwd(), env: { PORT: KAPP_PORT, ...env } });
  }
  if (env["GH_PAT_WEBHOOK"] !== undefined) {
    throw new AppError(
      "settings:not_found",
      "GH_PAT_WEBHOOK asks for the Argo CD rollback server, which this version does not have yet; unset it, or write a hookwright.yaml",
    );
  }
  return null;
}
