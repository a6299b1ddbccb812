import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "../domain/errors.ts";
import { parseSettings } from "./load.ts";
import { rollbackSettingsText } from "./rollback-environment.ts";
import type { Settings } from "./settings.ts";

const KAPP_EXAMPLE = fileURLToPath(new URL("../../examples/k-app/hookwright.yaml", import.meta.url));
const KAPP_PORT = "3000";

/**
 * The settings of a server that is started as one of the older systems were, by environment variables alone; null when
 * none of theirs is set. `TOKEN_HASH`: K-App's deploy server (`PORT`, default 3000), by the settings in examples/k-app.
 * `GH_PAT_WEBHOOK`: the Argo CD rollback server, see docs/gitops-rollback.md.
 */
export function settingsFromEnvironment(env: NodeJS.ProcessEnv): Settings | null {
  const { TOKEN_HASH: kapp, GH_PAT_WEBHOOK: rollback } = env;
  if (kapp !== undefined && rollback !== undefined) {
    throw new AppError(
      "settings:invalid",
      "TOKEN_HASH and GH_PAT_WEBHOOK are both set, and each stands for another server: unset one, or write a hookwright.yaml with both (examples/k-app, examples/argocd)",
    );
  }
  if (kapp !== undefined) return kappSettings(env);
  return rollback === undefined ? null : rollbackSettings(env);
}

function kappSettings(env: NodeJS.ProcessEnv): Settings {
  const text = readFileSync(KAPP_EXAMPLE, "utf8");
  return parseSettings({ text, file: null, dir: process.cwd(), env: { PORT: KAPP_PORT, ...env } });
}

function rollbackSettings(env: NodeJS.ProcessEnv): Settings {
  const text = rollbackSettingsText(env);
  const settings = parseSettings({ text, file: null, dir: process.cwd(), env });
  const guarded = (env["WEBHOOK_TOKEN"] ?? "").trim() !== "";
  if (guarded) return settings;
  return Object.freeze({ ...settings, warnings: [...settings.warnings, openWarning(settings)] });
}

const openWarning = ({ server: { host, port } }: Settings): string =>
  `ANYBODY who reaches ${host}:${port} can start a rollback: there is no shared token, as there was none before. Set WEBHOOK_TOKEN in .env, and let Argo CD send it (service.webhook.NAME, headers: name Authorization, value Bearer TOKEN); see docs/gitops-rollback.md`;
