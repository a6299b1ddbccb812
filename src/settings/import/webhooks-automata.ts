import { stringify } from "yaml";
import { isObject } from "../check-value.ts";
import { readDocument } from "../document.ts";
import { invalidSettings, type Report } from "../problems.ts";
import { createFindings, problemAt } from "../report.ts";
import { fromMap } from "./automata-2021.ts";
import { fromList } from "./automata-2023.ts";
import { createDraft, type Draft } from "./draft.ts";
import { fromRepositories } from "./repositories-2018.ts";

export interface Imported {
  /** A text for `hookwright.yaml`. */
  readonly yaml: string;
  /** What could not be carried over as it was, and what to look at, each a sentence. */
  readonly notes: readonly string[];
}

/** Converts a settings file of webhooks_automata, of any of its three generations. Throws `settings:invalid`. */
export function importWebhooksAutomata(text: string): Imported {
  // PyYAML reads YAML 1.1, where `yes` is true.
  const { document, errors } = readDocument(text, { version: "1.1" });
  if (document === null) {
    throw invalidSettings(
      errors.map(({ message, ...at }) => problemAt(null, at, { key: "", message, suggestion: null })),
    );
  }
  const findings = createFindings({ file: null, document });
  const draft = createDraft();
  for (const { line, message } of errors) draft.note(`line ${line}: ${message}`);
  convert(draft, document.data, findings.report);
  if (findings.problems.length > 0) throw invalidSettings(findings.problems);
  const { notes } = draft;
  const head = ["# Converted from webhooks_automata.", ...notes.map((note) => `# Look at this: ${note}`)];
  const body = stringify(draft.settings(), { lineWidth: 110, aliasDuplicateObjects: false });
  return { yaml: `${head.join("\n")}\n${body}`, notes };
}

function convert(draft: Draft, data: unknown, report: Report): void {
  if (!isObject(data) || (data["repositories"] === undefined && data["automata"] === undefined)) {
    report({
      path: [],
      message: "this is no settings file of webhooks_automata: it has no automata and no repositories",
    });
  } else if (data["repositories"] !== undefined) {
    fromRepositories(draft, data, report);
  } else if (Array.isArray(data["automata"])) {
    fromList(draft, data, report);
  } else {
    fromMap(draft, data, report);
  }
}
