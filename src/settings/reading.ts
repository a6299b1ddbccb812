import type { Kinds } from "./kinds.ts";
import type { KeyPath } from "./problems.ts";
import type { Findings } from "./report.ts";
import type { SecretReader } from "./secrets.ts";

/** What the functions that read parts of the settings share. */
export interface Reading {
  readonly findings: Findings;
  readonly kinds: Kinds;
  readonly secrets: SecretReader;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that relative paths start from. */
  readonly dir: string;
  /** Replaces `${ENV}` in every text below a value. */
  expand(value: unknown, path: KeyPath): unknown;
}
