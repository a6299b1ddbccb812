import { z } from "zod";
import type { ParamSpec } from "../domain/action.ts";
import { checkPattern, compilePattern } from "../lib/linear-pattern.ts";
import { paramSchema, type ParamInput } from "./action-schema.ts";
import { checkValue } from "./check-value.ts";
import { variableName } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

/** The params of an action; null when they are not valid. */
export function readParams(
  reading: Reading,
  value: unknown,
  path: KeyPath,
): Record<string, ParamSpec> | null {
  const { report } = reading.findings;
  const entries = checkValue({
    schema: z.record(z.string(), z.unknown()),
    value: value === undefined ? {} : value,
    path,
    report,
  });
  if (entries === null) return null;
  const specs: Record<string, ParamSpec> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const at = [...path, name];
    const known = checkValue({ schema: variableName, value: name, path: at, report });
    const param = checkValue({ schema: paramSchema, value: entry, path: at, report });
    if (param !== null) checkParam(reading, param, at);
    if (param !== null && known !== null) specs[name] = toSpec(param);
  }
  return Object.keys(specs).length === Object.keys(entries).length ? specs : null;
}

const toSpec = (param: ParamInput): ParamSpec => ({
  pattern: param.pattern ?? null,
  required: param.required ?? param.default === undefined,
  default: param.default ?? null,
  description: param.description ?? null,
  allowLeadingDash: param.allow_leading_dash,
});

function checkParam(
  { findings }: Reading,
  { pattern, default: value, allow_leading_dash }: ParamInput,
  path: KeyPath,
): void {
  const at = [...path, "default"];
  if (value?.startsWith("-") === true && !allow_leading_dash) {
    findings.report({
      path: at,
      message: "the default starts with `-`, which needs allow_leading_dash: true",
    });
  }
  if (pattern === undefined) return;
  const problem = checkPattern(pattern);
  if (problem !== null) {
    findings.report({ path: [...path, "pattern"], message: problem });
  } else if (value !== undefined && !compilePattern(pattern).fits(value)) {
    findings.report({ path: at, message: `the default does not match ${pattern}` });
  }
}
