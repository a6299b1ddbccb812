import type { Draft } from "../draft.ts";
import { actionOf } from "./action.ts";
import { readRule } from "./rules.ts";
import type { Hook } from "./schema.ts";
import { sourceOf } from "./source.ts";
import { headersOf } from "./values.ts";

/** A hook becomes a source and an action of the same name. */
export function addHook(draft: Draft, hook: Hook): void {
  const name = draft.name(hook.id);
  noteWhatIsGone(draft, hook);
  const rule = readRule(draft, hook);
  const action = actionOf(draft, hook);
  const cel = rule.when === null ? action.cel : [...action.cel, rule.when];
  draft.addSource({
    name,
    path: `/hooks/${hook.id}`,
    settings: sourceOf({ draft, hook, rule, headers: headersOf(cel) }),
  });
  const { params, with: given, rest } = action;
  draft.addAction(name, {
    ...(Object.keys(params).length > 0 && { params }),
    on: [
      {
        source: name,
        ...(rule.when !== null && { when: rule.when }),
        ...(Object.keys(given).length > 0 && { with: given }),
      },
    ],
    ...rest,
  });
}

/** Keys about the answer: here the sender gets it before anything runs. */
const ANSWER: Readonly<Record<string, string>> = {
  "response-message": "the sender is told the delivery and its tasks instead",
  "response-headers": "the answer has the same headers for all",
  "success-http-response-code": "a webhook that is taken gets 202",
  "include-command-output-in-response":
    "the sender is answered before the command runs; its output is in the task's log",
  "include-command-output-in-response-on-error":
    "the sender is answered before the command runs; its output is in the task's log",
  "trigger-rule-mismatch-http-response-code":
    "a webhook that starts nothing gets 202 too, one that is not authentic 401",
};

function noteWhatIsGone(draft: Draft, hook: Hook): void {
  const given = new Map<string, unknown>(Object.entries(hook));
  for (const [key, why] of Object.entries(ANSWER)) {
    const value = given.get(key) ?? false;
    if (value !== false && value !== "") draft.note(`hook ${hook.id}: ${key} is left out: ${why}`);
  }
  if (hook["trigger-signature-soft-failures"] === true)
    draft.note(
      `hook ${hook.id}: trigger-signature-soft-failures is left out: a wrong signature is always refused`,
    );
  if (hook["pre-hook-command"] !== undefined)
    draft.note(`hook ${hook.id}: pre-hook-command is left out: nothing runs before a webhook is stored`);
  noteMethods(draft, hook);
  noteContent(draft, hook);
}

function noteMethods(draft: Draft, { id, "http-methods": methods }: Hook): void {
  const others = methods.map((method) => method.trim().toUpperCase()).filter((method) => method !== "POST");
  if (others.length > 0)
    draft.note(`hook ${id}: webhooks are taken by POST alone, not by ${others.join(", ")}`);
}

function noteContent(draft: Draft, hook: Hook): void {
  const { id, "incoming-payload-content-type": type, "parse-parameters-as-json": parsed } = hook;
  if (type !== "" && !/json|x-www-form-urlencoded/.test(type))
    draft.note(
      `hook ${id}: a body has to be JSON, or a form with JSON in its field payload; ${type} is not taken`,
    );
  if (type.includes("x-www-form-urlencoded") && parsed.length === 0)
    draft.note(`hook ${id}: of a form only the field payload is read, as JSON`);
  for (const { source, name } of parsed) {
    if (source === "payload" && name === "payload") continue;
    draft.note(`hook ${id}: parse-parameters-as-json of ${source} ${name} is left out: it stays a text here`);
  }
}
