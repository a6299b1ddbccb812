import { isObject } from "./check-value.ts";
import type { SettingsDocument } from "./document.ts";
import { createExpander, type Expander } from "./environment-values.ts";
import type { Kinds } from "./kinds.ts";
import { createFindings, type Findings } from "./report.ts";
import { openSecretStore, secretPlace } from "./secret-store.ts";
import { createSecretReader, type SecretReader } from "./secrets.ts";

/** What the functions that read parts of the settings share. */
export interface Reading extends Expander {
  readonly findings: Findings;
  readonly kinds: Kinds;
  readonly secrets: SecretReader;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that relative paths start from. */
  readonly dir: string;
}

export interface ReadingOptions extends Pick<Reading, "dir" | "env" | "kinds"> {
  /** Absolute, for messages; null where there is none. */
  readonly file: string | null;
  readonly document: SettingsDocument;
}

export function createReading({ file, document, dir, env, kinds }: ReadingOptions): Reading {
  const findings = createFindings({ file, document });
  const { report, reportUnknown, warn } = findings;
  const stored = createStoredSecrets({ document, dir, env });
  const secrets = createSecretReader({ dir, report, warn, stored });
  const expander = createExpander({ env, secrets, report: reportUnknown });
  return { findings, kinds, secrets, env, dir, ...expander };
}

/** Opened only where a secret is asked for by its name. */
function createStoredSecrets({
  document: { data },
  dir,
  env,
}: Pick<ReadingOptions, "document" | "dir" | "env">): (name: string) => string | null {
  const part = isObject(data) && isObject(data["secrets"]) ? data["secrets"] : {};
  return (name) => openSecretStore({ ...secretPlace(part, dir), env }).read(name);
}
