import { nearest } from "../lib/nearest.ts";
import type { StepKind } from "../steps/step.ts";
import { isObject } from "./check-value.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

export interface StepKindInput {
  readonly value: unknown;
  readonly path: KeyPath;
  /** Keys that a step of any kind may have here. */
  readonly keys: readonly string[];
}

/** The kind of a step, by the one key that names it; null when that has been reported. */
export function findStepKind(
  { kinds, findings }: Reading,
  { value, path, keys }: StepKindInput,
): StepKind | null {
  const names = [...kinds.steps.keys()];
  const expected = `expected one of ${names.join(", ")}`;
  if (!isObject(value)) {
    findings.report({ path, message: `expected a map with one of ${names.join(", ")}` });
    return null;
  }
  const given = names.filter((name) => value[name] !== undefined);
  const [only] = given;
  if (given.length === 1 && only !== undefined) return kinds.steps.get(only) ?? null;
  if (given.length > 1) {
    const inside = given.includes("release") && given.includes("health");
    const hint = inside
      ? "; a release's own health check stands within it: release: { …, health: { … } }"
      : "";
    findings.report({ path, message: `${expected}; here are ${given.join(" and ")}${hint}` });
    return null;
  }
  const strangers = Object.keys(value).filter((key) => !keys.includes(key));
  if (strangers.length === 0) findings.report({ path, message: `the step does nothing; ${expected}` });
  for (const key of strangers) {
    const suggestion = nearest(key, [...names, ...keys]);
    findings.report({ path: [...path, key], message: `unknown key; ${expected}`, suggestion });
  }
  return null;
}
