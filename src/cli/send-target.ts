import { nearest } from "../lib/nearest.ts";
import { builtInKinds } from "../settings/kinds.ts";
import { readSigningSource, type SigningSource } from "../settings/signing-source.ts";
import { type GlobalOptions, readSettings } from "./connect.ts";
import { CliError, EXIT } from "./exit-codes.ts";

export interface FindInput {
  readonly source: string;
  readonly kind?: string | undefined;
  readonly repository?: string | undefined;
  readonly options: GlobalOptions;
}

/** The source that a webhook is to be made for: of the settings, or of a kind alone. */
export async function findSigningSource(input: FindInput): Promise<SigningSource> {
  return input.kind === undefined ? fromSettings(input) : fromKind(input, input.kind);
}

async function fromSettings({ source: name, options }: FindInput): Promise<SigningSource> {
  const settings = await readSettings(options);
  const source = readSigningSource(settings, name, process.env);
  if (source !== null) return source;
  const names = Object.keys(settings.sources);
  const known = names.length === 0 ? "they have none" : `they have ${names.join(", ")}`;
  const meant = nearest(name, names);
  const hint = meant === null ? null : `Did you mean ${meant}?`;
  throw new CliError(EXIT.notFound, `The settings have no source ${name}; ${known}`, hint);
}

function fromKind({ source: name, repository }: FindInput, given: string): SigningSource {
  const { sources: kinds } = builtInKinds;
  const kind = kinds.get(given);
  if (kind === undefined) {
    const message = `There is no kind ${given}; there are ${[...kinds.keys()].join(", ")}`;
    throw new CliError(EXIT.usage, message);
  }
  const usual = kind.schema.safeParse({});
  // Where the sender's own key signs, the source only has to know whose builds it takes.
  const options = usual.success
    ? usual.data
    : kind.schema.parse({ repositories: [repository ?? "octo/app"] });
  return { kind, options, secrets: [], path: `/hooks/${name}` };
}

/** A URL without a path is a server's: the source's path is put behind it. */
export function urlOf(to: string, path: string): string {
  const { pathname, search, origin } = new URL(to);
  return pathname === "/" && search === "" ? origin + path : to;
}
