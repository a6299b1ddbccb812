import { z } from "zod";
import { isNetwork } from "../lib/networks.ts";
import { formatDuration } from "../lib/duration.ts";
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from "./units.ts";

/** Kinds of values that many keys of the settings share. Inputs are what stands in the file; outputs are ready for use. */

export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const VARIABLE_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Name of a source or an action: it stands in URLs and becomes a folder's name. */
export const entryName = z
  .string()
  .regex(
    NAME_PATTERN,
    "expected a name of letters, digits, `.`, `_` and `-` that starts with a letter or digit",
  );

/** Name of an environment variable or a param. */
export const variableName = z
  .string()
  .regex(VARIABLE_PATTERN, "expected a name of letters, digits and `_` that starts with no digit");

interface DurationLimits {
  /** Milliseconds. */
  readonly min?: number;
}

/** `30s`, `10m`, `1h30m` → milliseconds. */
export function duration({ min = 0 }: DurationLimits = {}) {
  const hint = "expected a duration such as 30s, 10m or 1h30m";
  return z
    .string(hint)
    .regex(DURATION_PATTERN, hint)
    .transform((text) => parseDuration(text) ?? -1)
    .refine((ms) => ms >= min, { error: min === 0 ? hint : tooShort(min) });
}

const tooShort = (min: number): string =>
  min === 1
    ? "expected a duration longer than nothing"
    : `expected a duration of at least ${formatDuration(min)}`;

const FOREVER = "forever";
const SHORTEST_LIFE_MS = 60_000;

/** `90d` → milliseconds, `forever` → null: how long something is kept, `least` milliseconds at least. */
export function lifetime(least: number = SHORTEST_LIFE_MS) {
  const hint = "expected a duration such as 90d, or forever";
  return z
    .string(hint)
    .regex(new RegExp(`${DURATION_PATTERN.source}|^${FOREVER}$`), hint)
    .transform((text) => (text === FOREVER ? null : (parseDuration(text) ?? -1)))
    .refine((ms) => ms === null || ms >= least, { error: tooShort(least) });
}

/** `25MB`, `5MiB` → bytes. */
export function size() {
  const hint = "expected a size such as 25MB or 5MiB";
  return z
    .string(hint)
    .regex(SIZE_PATTERN, hint)
    .transform((text) => parseSize(text) ?? 0)
    .refine((bytes) => bytes > 0, { error: "expected a size of at least one byte" });
}

/** `10.0.0.0/8`, `::1/128`, or a single address. */
export const network = () =>
  z.string().refine(isNetwork, { error: "expected a network such as 10.0.0.0/8, or an address" });

/** One string or a list of them → a list. */
export const oneOrMany = () =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((value) => (typeof value === "string" ? [value] : value));

const secretFile = z.strictObject({
  file: z.string().min(1).describe("File that holds the value; a newline at its end is dropped."),
});

/** A value from `${ENV}`, from a file, or written out. */
export const secret = () => z.union([z.string().min(1, "the secret is empty"), secretFile]);
/** One of those, or one that the secret store keeps. */
export type SecretInput = z.output<ReturnType<typeof secret>> | { readonly secretName: string };

/** Names of secrets that `hookwright secrets set` keeps. */
export const secretNames = () =>
  z
    .union([entryName, z.array(entryName).min(1)])
    .transform((value) => (typeof value === "string" ? [value] : value));

/** Environment variables: name → value. */
export const environment = () =>
  z.record(
    variableName.refine((name) => !name.startsWith("HOOKWRIGHT_"), {
      error: "names that start with HOOKWRIGHT_ are taken",
    }),
    z.union([z.string(), z.number(), z.boolean(), secretFile]),
  );
export type EnvironmentInput = z.output<ReturnType<typeof environment>>;
