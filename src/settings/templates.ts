import { checkExpression, expressionsIn } from "../lib/expressions.ts";
import { nearest } from "../lib/nearest.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

export interface TemplatesInput {
  readonly value: unknown;
  readonly path: KeyPath;
  /** Names of the action's params. */
  readonly params: readonly string[];
}

/** Checks every `${{ … }}` below a value: that it can be parsed, and that the params it names exist. */
export function checkTemplates(reading: Reading, { value, path, params }: TemplatesInput): void {
  if (typeof value === "string") {
    for (const expression of expressionsIn(value)) checkOne(reading, { expression, path, params });
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    checkTemplates(reading, { value: item, path: [...path, isList ? Number(key) : key], params });
  }
}

interface ExpressionInput {
  readonly expression: string;
  readonly path: KeyPath;
  readonly params: readonly string[];
}

function checkOne({ findings }: Reading, { expression, path, params }: ExpressionInput): void {
  const problem = checkExpression(expression);
  if (problem !== null) findings.report({ path, message: `\${{ ${expression} }}: ${problem}` });
  for (const [, name = ""] of expression.matchAll(/\bparams\.([A-Za-z_]\w*)/g)) {
    if (params.includes(name)) continue;
    const message = `\${{ ${expression} }}: the action has no param ${name}`;
    findings.report({ path, message, suggestion: nearest(name, params) });
  }
}
