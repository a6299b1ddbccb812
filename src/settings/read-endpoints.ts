import { checkExpression, expressionsIn } from "../lib/expressions.ts";
import { bindEndpoint, type Endpoint } from "../outbound/endpoint.ts";
import type { EndpointKind } from "../outbound/kind.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import { DEFAULT_EVENTS, ENDPOINT_KEYS, endpointOwn, type EndpointOwn } from "./endpoint-schema.ts";
import { entryName, type SecretInput } from "./fields.ts";
import { findKind } from "./find-kind.ts";
import type { KeyPath } from "./problems.ts";
import { readSecrets } from "./read-secrets.ts";
import type { Reading } from "./reading.ts";
import { shapeOf } from "./source-schema.ts";
import { forbidTemplates } from "./templates.ts";

/** Every endpoint of the settings, bound to its kind; those that are not valid are reported and left out. */
export function readEndpoints(reading: Reading, value: unknown): Record<string, Endpoint> {
  const { report } = reading.findings;
  const endpoints: Record<string, Endpoint> = {};
  if (value === undefined || value === null) return endpoints;
  if (!isObject(value)) {
    report({ path: ["notify"], message: "expected a map: name → endpoint" });
    return endpoints;
  }
  for (const [name, entry] of Object.entries(value)) {
    const endpoint = readEndpoint(reading, name, entry);
    if (endpoint !== null) endpoints[name] = endpoint;
  }
  return endpoints;
}

/** Looks at every part, whatever is wrong with the others: all problems are told at once. */
function readEndpoint(reading: Reading, name: string, value: unknown): Endpoint | null {
  const path: KeyPath = ["notify", name];
  const { report } = reading.findings;
  checkValue({ schema: entryName, value: name, path, report });
  if (!isObject(value)) {
    report({ path, message: "expected a map with kind and url" });
    return null;
  }
  const kind = findKind(reading, reading.kinds.endpoints, { given: value["kind"], path });
  // What comes from the environment must not become a template.
  const expanded = reading.expandTemplates(value, path);
  const own = checkValue({ schema: endpointOwn, value: expanded, path, report });
  const options = kind === null ? null : readOptions(reading, { kind, value, expanded, path });
  const secrets = own === null ? null : secretsOf(reading, { own, kind, path });
  if (kind === null || own === null || options === null || secrets === null) return null;
  hideUrl(reading, own.url, kind);
  checkEvents(reading, { own, kind, path });
  return bindEndpoint({
    name,
    kind,
    options: options.value,
    url: own.url,
    secrets,
    rules: rulesOf(own, kind),
  });
}

const rulesOf = (own: EndpointOwn, kind: EndpointKind) => ({
  events: own.events ?? DEFAULT_EVENTS.filter((type) => kind.types?.includes(type) !== false),
  onlyFailures: own.only_failures,
  groupMs: own.group ?? null,
  ordered: own.ordered,
  concurrency: own.concurrency,
  timeoutMs: own.timeout,
  schedule: own.retry_schedule,
  jitter: own.retry_jitter,
});

interface OptionsEntry {
  readonly kind: EndpointKind;
  readonly value: Readonly<Record<string, unknown>>;
  readonly expanded: unknown;
  readonly path: KeyPath;
}

/** The keys of the endpoint's kind, read by its own schema; null when they are not valid. */
function readOptions(
  reading: Reading,
  { kind, value, expanded, path }: OptionsEntry,
): { readonly value: unknown } | null {
  const { report } = reading.findings;
  const ownKeys = Object.keys(shapeOf(kind.schema));
  checkKeys({ value, known: [...ENDPOINT_KEYS, ...ownKeys], path, report });
  const pick = (from: unknown): Record<string, unknown> =>
    Object.fromEntries(Object.entries(isObject(from) ? from : {}).filter(([key]) => ownKeys.includes(key)));
  const options = checkValue({ schema: kind.schema, value: pick(expanded), path, report });
  if (options === null) return null;
  const templates = kind.templates?.(options) ?? {};
  for (const key of Object.keys(value).filter((each) => templates[each] === undefined)) {
    forbidTemplates(reading, value[key], [...path, key]);
  }
  for (const [key, texts] of Object.entries(templates)) {
    for (const expression of texts.flatMap(expressionsIn)) {
      const problem = checkExpression(expression, kind.variables ?? []);
      if (problem !== null) report({ path: [...path, key], message: `\${{ ${expression} }}: ${problem}` });
    }
  }
  return { value: options };
}

interface SecretsEntry {
  readonly own: EndpointOwn;
  readonly kind: EndpointKind | null;
  readonly path: KeyPath;
}

function secretsOf(reading: Reading, { own, kind, path }: SecretsEntry): readonly string[] | null {
  const { report } = reading.findings;
  const readOne = (value: SecretInput, at: KeyPath): string | null => {
    const secret = reading.secrets.read(value, at);
    const problem = secret === null ? null : (kind?.secretProblem?.(secret) ?? null);
    if (problem === null) return secret;
    report({ path: at, message: problem });
    return null;
  };
  const read = readSecrets(own, path, readOne);
  if (kind?.secret === "required" && read.length === 0) {
    report({
      path,
      message: `an endpoint of the kind ${kind.kind} needs a secret; give it secret_name or secrets`,
    });
    return null;
  }
  if (kind?.secret === "none" && read.length > 0) {
    report({
      path,
      message: `an endpoint of the kind ${kind.kind} has no use for a secret: its URL is the secret`,
    });
  }
  const secrets = read.filter((each) => each !== null);
  return secrets.length < read.length ? null : secrets;
}

/** Whoever knows such a URL may send to it. */
function hideUrl({ secrets }: Reading, url: string, { urlIsSecret = false }: EndpointKind): void {
  if (urlIsSecret) secrets.suspect(url);
  const { password, search } = new URL(url);
  for (const part of [password, search.slice(1)]) if (part !== "") secrets.suspect(part);
}

function checkEvents({ findings }: Reading, { own, kind, path }: SecretsEntry): void {
  for (const [index, type] of (own.events ?? []).entries()) {
    if (kind?.types === undefined || kind.types.includes(type)) continue;
    const message = `the kind ${kind.kind} has no way to say ${type}; expected of ${kind.types.join(", ")}`;
    findings.report({ path: [...path, "events", index], message });
  }
}
