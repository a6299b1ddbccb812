import type { z } from "zod";
import { isOwnPath } from "../domain/own-paths.ts";
import { createNetworks } from "../lib/networks.ts";
import { bindSource, type SourceCredentials, type SourceKind } from "../sources/source.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import { entryName } from "./fields.ts";
import { findKind } from "./find-kind.ts";
import type { KeyPath } from "./problems.ts";
import { readCredentials } from "./read-credentials.ts";
import { completeRateLimits } from "./rate-limit-schema.ts";
import { completeRecovery, readRecovery, type RecoveryContext, type RecoveryInput } from "./read-recovery.ts";
import type { Reading } from "./reading.ts";
import { recoveryKeys } from "./recovery-schema.ts";
import type { SourceSettings } from "./settings.ts";
import { shapeOf, sourceKeys, sourcePlace } from "./source-schema.ts";
import { forbidTemplates } from "./templates.ts";

/** What other parts of the settings say that a source may need. */
type Around = Omit<RecoveryContext, "sourcePath">;

/**
 * Every source of the settings, bound to its kind; those that are not valid are reported and left out. `around`: null when
 * that part of the settings is not valid.
 */
export function readSources(
  reading: Reading,
  value: unknown,
  around: Around | null,
): Record<string, SourceSettings> {
  const { report } = reading.findings;
  const sources: Record<string, SourceSettings> = {};
  if (value === undefined || value === null) return sources;
  if (!isObject(value)) {
    report({ path: ["sources"], message: "expected a map: name → source" });
    return sources;
  }
  for (const [name, entry] of Object.entries(value)) {
    const parts = readSource(reading, name, entry);
    if (parts !== null) sources[name] = toSettings(reading, parts, around);
  }
  reportPaths(reading, sources);
  return sources;
}

/** A source of the settings in its parts, its secrets among them. */
export interface SourceParts {
  readonly name: string;
  readonly kind: SourceKind;
  /** Of the kind's own keys, read by its schema. */
  readonly options: unknown;
  readonly credentials: SourceCredentials;
  readonly place: z.output<typeof sourcePlace>;
  readonly recovery: RecoveryInput | null;
}

/** URL path that its webhooks come to; a secret at its end is not in it. */
export const pathOf = ({ name, place }: Pick<SourceParts, "name" | "place">): string =>
  place.path ?? `/hooks/${name}`;

function toSettings(reading: Reading, parts: SourceParts, around: Around | null): SourceSettings {
  const { place, recovery } = parts;
  const sourcePath = pathOf(parts);
  return {
    path: sourcePath,
    allowFrom: place.allow_from === undefined ? null : createNetworks(place.allow_from),
    rateLimits: completeRateLimits(place.rate_limit, around?.server.rateLimits),
    source: bindSource({ ...parts, bodyLimit: place.body_limit }),
    recovery:
      recovery === null || around === null
        ? null
        : completeRecovery(reading, recovery, { ...around, sourcePath }),
  };
}

/** Looks at every part, whatever is wrong with the others: all problems are told at once. */
export function readSource(reading: Reading, name: string, value: unknown): SourceParts | null {
  const path: KeyPath = ["sources", name];
  const { report } = reading.findings;
  checkValue({ schema: entryName, value: name, path, report });
  if (!isObject(value)) {
    report({ path, message: "expected a map with kind and secrets" });
    return null;
  }
  forbidTemplates(reading, value, path);
  const kind = findKind(reading, reading.kinds.sources, { given: value["kind"], path });
  const expanded = reading.expand(value, path);
  const place = checkValue({ schema: sourcePlace, value: expanded, path, report });
  const credentials = readCredentials(reading, { value: expanded, kind, path });
  const options = kind === null ? null : readOptions(reading, { kind, value: expanded, path });
  const recovery = readRecovery(reading, { kind: kind?.kind ?? "", value: expanded, path });
  if (kind === null || place === null || credentials === null || options === null) return null;
  if (ROOT_PATHS.has(place.path ?? "") && kind.takesRoot !== true) {
    report({ path: [...path, "path"], message: `a source of the kind ${kind.kind} can't have this path` });
  }
  return { name, kind, options: options.value, credentials, place, recovery };
}

interface OptionsEntry {
  readonly kind: SourceKind;
  readonly value: unknown;
  readonly path: KeyPath;
}

/** The keys of the source's kind, read by its own schema (`value` may be anything); null when they are not valid. */
function readOptions(
  { findings: { report } }: Reading,
  { kind, value, path }: OptionsEntry,
): { readonly value: unknown } | null {
  if (!isObject(value)) return null;
  const ownKeys = Object.keys(shapeOf(kind.schema));
  checkKeys({ value, known: [...sourceKeys(kind), ...recoveryKeys(kind.kind), ...ownKeys], path, report });
  const own = Object.fromEntries(Object.entries(value).filter(([key]) => ownKeys.includes(key)));
  const options = checkValue({ schema: kind.schema, value: own, path, report });
  return options === null ? null : { value: options };
}

function reportPaths({ findings }: Reading, sources: Readonly<Record<string, SourceSettings>>): void {
  const taken = new Map<string, string>();
  for (const [name, { path }] of Object.entries(sources)) {
    const other = taken.get(path);
    const at = ["sources", name, "path"];
    // The path itself is not shown: for some senders it holds the secret.
    if (other !== undefined) findings.report({ path: at, message: `source ${other} has the same path` });
    if (isOwnPath(path)) findings.report({ path: at, message: "the server itself uses this path" });
    if (other === undefined) taken.set(path, name);
  }
}

/** Everything, but for what has a path of its own. */
const ROOT_PATHS: ReadonlySet<string> = new Set(["/", "/*"]);
