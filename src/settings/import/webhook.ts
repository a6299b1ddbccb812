import { readDocument } from "../document.ts";
import { createDraft } from "./draft.ts";
import { finish, type Imported, read } from "./imported.ts";
import { readKnown } from "./read-known.ts";
import { addHook } from "./webhook/hooks.ts";
import { hooksSchema } from "./webhook/schema.ts";

/** Converts the hooks.json (or hooks.yaml) of adnanh/webhook. Throws `settings:invalid`. */
export function importWebhook(text: string): Imported {
  const template = /\{\{.*\}\}/.test(text) ? "; if it is a template, give the file that it makes" : "";
  const { document, findings } = read(readDocument(text), template);
  const draft = createDraft();
  const hooks = readKnown({
    draft,
    schema: hooksSchema,
    data: document.data,
    report: findings.report,
    of: "webhook",
  });
  draft.note("webhook listens on every address, port 9000, unless its flags say otherwise; so does this");
  draft.listen("0.0.0.0:9000");
  for (const hook of hooks ?? []) addHook(draft, hook);
  return finish({ from: "the hooks of webhook", draft, findings });
}
