import { stringify } from "yaml";
import type { readDocument, SettingsDocument } from "../document.ts";
import { invalidSettings } from "../problems.ts";
import { createFindings, problemAt, type Findings } from "../report.ts";
import type { Draft } from "./draft.ts";

export interface Imported {
  /** A text for `hookwright.yaml`. */
  readonly yaml: string;
  /** What could not be carried over as it was, and what to look at, each a sentence. */
  readonly notes: readonly string[];
}

/** A document that can be converted, and what is wrong with it. Throws `settings:invalid`. */
export function read(
  { document, errors }: ReturnType<typeof readDocument>,
  hint = "",
): { readonly document: SettingsDocument; readonly findings: Findings } {
  if (document === null) {
    throw invalidSettings(
      errors.map(({ message, ...at }) =>
        problemAt(null, at, { key: "", message: message + hint, suggestion: null }),
      ),
    );
  }
  return { document, findings: createFindings({ file: null, document }) };
}

export interface FinishInput {
  readonly draft: Draft;
  readonly findings: Findings;
  /** What was converted. */
  readonly from: string;
}

/** The settings that a draft has become. Throws `settings:invalid` when something was wrong. */
export function finish({ draft, findings, from }: FinishInput): Imported {
  if (findings.problems.length > 0) throw invalidSettings(findings.problems);
  const { notes } = draft;
  const head = [`# Converted from ${from}.`, ...notes.map((note) => `# Look at this: ${note}`)];
  const body = stringify(draft.settings(), { lineWidth: 110, aliasDuplicateObjects: false });
  return { yaml: `${head.join("\n")}\n${body}`, notes };
}
