import type { Expander } from "./environment-values.ts";
import type { Kinds } from "./kinds.ts";
import type { Findings } from "./report.ts";
import type { SecretReader } from "./secrets.ts";

/** What the functions that read parts of the settings share. */
export interface Reading extends Expander {
  readonly findings: Findings;
  readonly kinds: Kinds;
  readonly secrets: SecretReader;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that relative paths start from. */
  readonly dir: string;
}
