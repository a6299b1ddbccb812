import { stringify } from "yaml";
import { z } from "zod";
import { checkValue, isObject } from "../check-value.ts";
import { readDocument } from "../document.ts";
import { escapeVariables } from "../environment-values.ts";
import { NAME_PATTERN } from "../fields.ts";
import { invalidSettings } from "../problems.ts";
import { createDraft, type Draft } from "./draft.ts";
import { read, type Imported } from "./imported.ts";

const webhook = z.object({
  url: z.url({ protocol: /^https?$/, error: "expected a URL such as https://example.com/webhook" }),
  secret_name: z.string().regex(NAME_PATTERN, "expected a name of letters, digits, `.`, `_` and `-`"),
  only_failures: z.boolean().optional(),
});
const notify = z.object({
  webhooks: z.array(webhook).min(1, "expected at least one webhook"),
  only_failures: z.boolean().optional(),
});
type Webhook = z.output<typeof webhook>;

/**
 * Converts the `notify.webhooks` block of a Foundries.io `factory-config.yml`
 * (https://docs.foundries.io/latest/user-guide/ci-webhooks.html). Throws `settings:invalid`.
 */
export function importFoundries(text: string): Imported {
  // PyYAML reads YAML 1.1, where `yes` is true.
  const parsed = readDocument(text, { version: "1.1" });
  const { document, findings } = read(parsed);
  const { report, problems } = findings;
  const draft = createDraft();
  for (const { line, message } of parsed.errors) draft.note(`line ${line}: ${message}`);
  const data = isObject(document.data) ? document.data : {};
  if (!isObject(data["notify"])) report({ path: [], message: "the file has no notify.webhooks" });
  const block = isObject(data["notify"]) ? data["notify"] : null;
  const given =
    block === null ? null : checkValue({ schema: notify, value: block, path: ["notify"], report });
  if (given === null || problems.length > 0) throw invalidSettings(problems);
  noteRest(draft, data, block ?? {});
  const endpoints: Record<string, object> = {};
  for (const each of given.webhooks)
    endpoints[draft.name(each.secret_name)] = endpointOf(each, given.only_failures);
  noteSecrets(draft, given.webhooks);
  return { yaml: write(draft.notes, endpoints), notes: draft.notes };
}

const endpointOf = ({ url, secret_name, only_failures }: Webhook, forAll: boolean | undefined): object => ({
  kind: "jobserv",
  url: escapeVariables(url),
  secret_name,
  ...((only_failures ?? forAll) === true && { only_failures: true }),
});

function noteRest(
  draft: Draft,
  data: Readonly<Record<string, unknown>>,
  block: Readonly<Record<string, unknown>>,
): void {
  for (const key of Object.keys(block).filter((each) => each !== "webhooks" && each !== "only_failures")) {
    draft.note(`notify.${key}: there is nothing like it here; it is left out`);
  }
  for (const key of Object.keys(data).filter((each) => each !== "notify")) {
    draft.note(`${key}: it is about Foundries.io's own builds, and left out`);
  }
}

function noteSecrets(draft: Draft, webhooks: readonly Webhook[]): void {
  for (const name of new Set(webhooks.map(({ secret_name }) => secret_name))) {
    draft.note(`the secret ${name} is kept by: hookwright secrets set ${name}`);
  }
}

function write(notes: readonly string[], endpoints: object): string {
  const head = ["# Converted from factory-config.yml.", ...notes.map((note) => `# Look at this: ${note}`)];
  return `${head.join("\n")}\n${stringify({ notify: endpoints }, { lineWidth: 110 })}`;
}
