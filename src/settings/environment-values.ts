import { nearest } from "../lib/nearest.ts";
import type { KeyPath, Report } from "./problems.ts";

const VARIABLE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface ExpandInput {
  readonly value: unknown;
  readonly path: KeyPath;
  readonly env: NodeJS.ProcessEnv;
  readonly report: Report;
}

/**
 * Replaces `${NAME}` by the environment's value in every text below `value`; `$${` stands for a plain `${`.
 * `${{ … }}` is left alone: that is for later. A variable that is not set is reported.
 */
export function expandEnvironment({ value, path, env, report }: ExpandInput): unknown {
  if (typeof value === "string") return expandText(value, { path, env, report });
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      expandEnvironment({ value: item, path: [...path, index], env, report }),
    );
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => [
    key,
    expandEnvironment({ value: item, path: [...path, key], env, report }),
  ]);
  return Object.fromEntries(entries);
}

export function expandText(text: string, { path, env, report }: Omit<ExpandInput, "value">): string {
  return text.replaceAll(VARIABLE, (match, name: string | undefined) => {
    if (name === undefined) return "${";
    const value = env[name];
    if (value !== undefined) return value;
    const message = `the environment has no variable ${name}`;
    report({ path, message, suggestion: nearest(name, Object.keys(env)) });
    return match;
  });
}

/** The variables that a text refers to. */
export const variablesIn = (text: string): readonly string[] =>
  [...text.matchAll(VARIABLE)].map(([, name]) => name).filter((name) => name !== undefined);
