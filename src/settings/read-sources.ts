import { nearest } from "../lib/nearest.ts";
import { bindSource } from "../sources/source.ts";
import { checkValue, isObject } from "./check-value.ts";
import type { Reading } from "./reading.ts";
import { entryName } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import type { SourceSettings } from "./settings.ts";
import { SOURCE_KEYS, sourceCommon, type SourceInput } from "./source-schema.ts";

/** Every source of the settings, bound to its kind; those that are not valid are reported and left out. */
export function readSources(reading: Reading, value: unknown): Record<string, SourceSettings> {
  const { report } = reading.findings;
  const sources: Record<string, SourceSettings> = {};
  if (value === undefined || value === null) return sources;
  if (!isObject(value)) {
    report({ path: ["sources"], message: "expected a map: name → source" });
    return sources;
  }
  for (const [name, entry] of Object.entries(value)) {
    const source = readSource(reading, name, entry);
    if (source !== null) sources[name] = source;
  }
  reportSamePaths(reading, sources);
  return sources;
}

function readSource(reading: Reading, name: string, value: unknown): SourceSettings | null {
  const path: KeyPath = ["sources", name];
  const { report } = reading.findings;
  if (checkValue({ schema: entryName, value: name, path, report }) === null) return null;
  if (!isObject(value)) {
    report({ path, message: "expected a map with kind and secrets" });
    return null;
  }
  const kind = typeof value["kind"] === "string" ? reading.kinds.sources.get(value["kind"]) : undefined;
  if (kind === undefined) return reportKind(reading, path, value["kind"]);
  const expanded = reading.expand(value, path);
  if (!isObject(expanded)) return null;
  const own = Object.fromEntries(Object.entries(expanded).filter(([key]) => !SOURCE_KEYS.includes(key)));
  const options = checkValue({ schema: kind.schema, value: own, path, report });
  const common = checkValue({ schema: sourceCommon, value: expanded, path, report });
  if (common === null || options === null) return null;
  const credentials = readCredentials(reading, common, path);
  if (credentials === null) return null;
  return {
    path: common.path ?? `/hooks/${name}`,
    source: bindSource({ name, kind, options, credentials, bodyLimit: common.body_limit }),
  };
}

function reportKind({ kinds, findings }: Reading, path: KeyPath, kind: unknown): null {
  const names = [...kinds.sources.keys()];
  const expected = `expected ${names.join(", ")}`;
  if (typeof kind !== "string") {
    findings.report({ path, message: `the key kind is missing; ${expected}` });
  } else {
    const suggestion = nearest(kind, names);
    findings.report({
      path: [...path, "kind"],
      message: `there is no kind ${kind}; ${expected}`,
      suggestion,
    });
  }
  return null;
}

interface Credentials {
  readonly secrets: readonly string[];
  readonly unsafeNoAuth: boolean;
}

/** A source that anybody could use is an error, unless the settings say it in so many words. */
function readCredentials(reading: Reading, source: SourceInput, path: KeyPath): Credentials | null {
  const { findings, secrets: reader } = reading;
  const listed = (source.secrets ?? []).map((secret, index) =>
    reader.read(secret, [...path, "secrets", index]),
  );
  const single = source.secret === undefined ? [] : [reader.read(source.secret, [...path, "secret"])];
  const all = [...single, ...listed];
  const secrets = all.filter((secret) => secret !== null);
  if (secrets.length < all.length) return null;
  if (secrets.length === 0 && !source.unsafe_no_auth) {
    const message =
      "the source has no secret, so anybody could use it; give it secrets, or say unsafe_no_auth: true";
    findings.report({ path, message });
    return null;
  }
  if (source.unsafe_no_auth) {
    const what =
      secrets.length === 0 ? "takes webhooks from anybody" : "has secrets, so unsafe_no_auth does nothing";
    findings.warn({ path, message: `source ${String(path[1])} ${what}` });
  }
  return { secrets, unsafeNoAuth: source.unsafe_no_auth };
}

function reportSamePaths({ findings }: Reading, sources: Readonly<Record<string, SourceSettings>>): void {
  const taken = new Map<string, string>();
  for (const [name, { path }] of Object.entries(sources)) {
    const other = taken.get(path);
    const at = ["sources", name, "path"];
    if (other !== undefined)
      findings.report({ path: at, message: `source ${other} has the path ${path} already` });
    if (isReserved(path)) findings.report({ path: at, message: `the server itself uses ${path}` });
    taken.set(path, name);
  }
}

const isReserved = (path: string): boolean =>
  path === "/" || path === "/api" || path.startsWith("/api/") || path === "/healthz" || path === "/readyz";
