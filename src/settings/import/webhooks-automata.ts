import { isObject } from "../check-value.ts";
import { readDocument } from "../document.ts";
import type { Report } from "../problems.ts";
import { fromMap } from "./automata-2021.ts";
import { fromList } from "./automata-2023.ts";
import { createDraft, type Draft } from "./draft.ts";
import { finish, type Imported, read } from "./imported.ts";
import { fromRepositories } from "./repositories-2018.ts";

/** Converts a settings file of webhooks_automata, of any of its three generations. Throws `settings:invalid`. */
export function importWebhooksAutomata(text: string): Imported {
  // PyYAML reads YAML 1.1, where `yes` is true.
  const parsed = readDocument(text, { version: "1.1" });
  const { document, findings } = read(parsed);
  const draft = createDraft();
  for (const { line, message } of parsed.errors) draft.note(`line ${line}: ${message}`);
  convert(draft, document.data, findings.report);
  return finish({ from: "webhooks_automata", draft, findings });
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
