import { nearest } from "../lib/nearest.ts";
import type { KeyPath, Report } from "./problems.ts";
import { soundsSecret, type SecretReader } from "./secrets.ts";

const VARIABLE = /\$\$\{\{?|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Replaces `${NAME}` by the environment's value; `$${` stands for a plain `${`. `${{ … }}` is left for later. */
export interface Expander {
  /** In every text below a value. */
  expand(value: unknown, path: KeyPath): unknown;
  /** In a text that is a template: what comes from the environment does not become one. */
  expandTemplates(value: unknown, path: KeyPath): unknown;
}

export interface ExpanderOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Told of variables that are not set. */
  readonly report: Report;
  /** Told of values whose variable has a name that sounds secret. */
  readonly secrets: Pick<SecretReader, "suspect">;
}

export function createExpander({ env, report, secrets }: ExpanderOptions): Expander {
  function read(name: string, path: KeyPath): string | null {
    const value = env[name];
    if (value === undefined) {
      const message = `the environment has no variable ${name}`;
      report({ path, message, suggestion: nearest(name, Object.keys(env)) });
      return null;
    }
    if (soundsSecret(name)) secrets.suspect(value);
    return value;
  }

  const replaceAll = (text: string, path: KeyPath, protect: (found: string) => string): string =>
    text.replaceAll(VARIABLE, (match, name?: string) =>
      protect(name === undefined ? match.slice(1) : (read(name, path) ?? match)),
    );

  return {
    expand: (value, path) => mapTexts(value, path, (text, at) => replaceAll(text, at, (found) => found)),
    expandTemplates: (value, path) => mapTexts(value, path, (text, at) => replaceAll(text, at, literal)),
  };
}

/** A `$` in a template that begins nothing. */
const DOLLAR = '${{ "$" }}';

/** A template whose value is the text, whatever it holds. */
export const literal = (text: string): string => text.replaceAll("${{", () => `${DOLLAR}{{`);

/** A text in which no variable is read: the other way round of `expand`. */
export const escapeVariables = (text: string): string => text.replaceAll("${", () => "$${");

function mapTexts(value: unknown, path: KeyPath, change: (text: string, path: KeyPath) => string): unknown {
  if (typeof value === "string") return change(value, path);
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, [...path, index], change));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [
    key,
    mapTexts(item, [...path, key], change),
  ]);
  return Object.fromEntries(entries);
}
