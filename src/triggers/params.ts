import type { ParamSpec } from "../domain/action.ts";
import { AppError } from "../domain/errors.ts";
import { compilePattern } from "../lib/linear-pattern.ts";
import { nearest } from "../lib/nearest.ts";
import { shorten } from "../lib/shorten.ts";

/** Longest value of a param, in characters: long enough for anything a command takes. */
const MAX_LENGTH = 4_096;

export interface ParamsInput {
  readonly specs: Readonly<Record<string, ParamSpec>>;
  readonly given: Readonly<Record<string, string>>;
}

/** The params of a task: defaults filled in, each value checked. Throws `params:invalid` with `details.problems`, all at once. */
export function resolveParams({ specs, given }: ParamsInput): Record<string, string> {
  const problems = [...unknownParams(specs, given)];
  const params: Record<string, string> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name) ? given[name] : (spec.default ?? undefined);
    if (value === undefined) {
      if (spec.required) problems.push(`${name} is missing`);
      continue;
    }
    const problem = checkValue(name, value, spec);
    if (problem === null) params[name] = value;
    else problems.push(problem);
  }
  if (problems.length === 0) return params;
  throw new AppError("params:invalid", problems.join("; "), { details: { problems } });
}

function unknownParams(specs: ParamsInput["specs"], given: ParamsInput["given"]): string[] {
  const known = Object.keys(specs);
  return Object.keys(given)
    .filter((name) => !Object.hasOwn(specs, name))
    .map((name) => {
      const suggestion = nearest(name, known);
      return `there is no param ${name}${suggestion === null ? "" : `; did you mean ${suggestion}?`}`;
    });
}

/** The problem with one value, or null. */
export function checkValue(name: string, value: string, spec: ParamSpec): string | null {
  if (value.length > MAX_LENGTH) return `${name} is longer than ${MAX_LENGTH} characters`;
  if (value.includes("\0")) return `${name} has a NUL character, which no command can take`;
  if (value.startsWith("-") && !spec.allowLeadingDash) {
    return `${name} starts with "-" and could pass for an option (allow_leading_dash permits it)`;
  }
  if (spec.pattern === null || compilePattern(spec.pattern).fits(value)) return null;
  return `${name} is ${JSON.stringify(shorten(value))}, which does not match ${spec.pattern}`;
}
