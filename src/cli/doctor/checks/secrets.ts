import { isObject } from "../../../settings/check-value.ts";
import { readDocument } from "../../../settings/document.ts";
import { type Check, type Finding, ok, warning } from "../finding.ts";

/** What documentation and tutorials have in their place. */
const EXAMPLES =
  /^(?:change-?me|secret|password|my-?secret|your-?secret.*|example.*|test|topsecret|s3cr3t|hunter2)$/i;

/** How good the secrets are, without showing any. */
export const checkSecrets: Check = async ({ settings }) => {
  const { secretValues, text, warnings } = settings;
  // Short ones are among the warnings.
  const findings: Finding[] = warnings.map((each) => warning(each, "See docs/settings.md"));
  const known = secretValues.filter((secret) => EXAMPLES.test(secret)).length;
  if (known > 0) {
    findings.push(
      warning(`Secrets that stand in tutorials: ${known}`, "Make new ones: openssl rand -hex 32"),
    );
  }
  findings.push(...shared(readDocument(text).document?.data));
  return findings.length > 0
    ? findings
    : [ok(`Secrets: ${secretValues.length}, none of them short or shared`)];
};

/** One secret of two sources: whoever has one can speak for the other. */
function shared(document: unknown): Finding[] {
  const sources = isObject(document) && isObject(document["sources"]) ? document["sources"] : {};
  const owners = new Map<string, Set<string>>();
  for (const [name, source] of Object.entries(sources)) {
    for (const secret of secretsOf(source)) owners.set(secret, (owners.get(secret) ?? new Set()).add(name));
  }
  return [...owners.values()]
    .filter((names) => names.size > 1)
    .map((names) => {
      const seen = `The sources ${[...names].join(", ")} have the same secret: who can send as one can send as all`;
      return warning(seen, "Give each a secret of its own");
    });
}

/** As they are written: `${NAME}` stands for what it names. */
function secretsOf(source: unknown): string[] {
  if (!isObject(source)) return [];
  const { secret, secrets } = source;
  const several: readonly unknown[] = Array.isArray(secrets) ? secrets : [];
  return [secret, ...several].filter((each) => typeof each === "string");
}
