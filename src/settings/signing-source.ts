import { isObject } from "./check-value.ts";
import { readDocument } from "./document.ts";
import { builtInKinds } from "./kinds.ts";
import { pathOf, readSource, type SourceParts } from "./read-sources.ts";
import { createReading } from "./reading.ts";
import type { Settings } from "./settings.ts";

/** What it takes to make webhooks as the sender of a source does. */
export interface SigningSource extends Pick<SourceParts, "kind" | "options"> {
  readonly secrets: readonly string[];
  /** URL path of the source. */
  readonly path: string;
}

/**
 * Reads one source of valid settings once more, with its secrets: settings in use give none away. Null: there is no such
 * source any more, or what its secrets are read from has gone since.
 */
export function readSigningSource(
  { text, file, dir }: Pick<Settings, "text" | "file" | "dir">,
  name: string,
  env: NodeJS.ProcessEnv,
): SigningSource | null {
  const { document } = readDocument(text);
  const sources = isObject(document?.data) ? document.data["sources"] : null;
  if (document === null || !isObject(sources) || !Object.hasOwn(sources, name)) return null;
  const reading = createReading({ file, document, dir, env, kinds: builtInKinds });
  const parts = readSource(reading, name, sources[name]);
  if (parts === null) return null;
  const { kind, options, credentials } = parts;
  return { kind, options, secrets: credentials.secrets, path: pathOf(parts) };
}
