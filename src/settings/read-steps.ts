import type { StepDefinition } from "../domain/action.ts";
import { nearest } from "../lib/nearest.ts";
import type { StepKind } from "../steps/step.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import type { KeyPath } from "./problems.ts";
import { readEnv } from "./read-env.ts";
import type { Reading } from "./reading.ts";
import { stepCommon } from "./step-schema.ts";
import { checkTemplates } from "./templates.ts";

export interface StepsInput {
  readonly values: readonly unknown[];
  readonly path: KeyPath;
  /** Names of the action's params. */
  readonly params: readonly string[];
}

const STEP_KEYS = Object.keys(stepCommon.shape);
const UNDO_KEYS = STEP_KEYS.filter((key) => !["undo", "continue_on_error", "progress"].includes(key));

export function readSteps(reading: Reading, { values, path, params }: StepsInput): StepDefinition[] {
  if (values.length === 0) reading.findings.report({ path, message: "expected at least one step" });
  const names = new Set<string>();
  const steps: StepDefinition[] = [];
  for (const [index, value] of values.entries()) {
    const at = [...path, index];
    const step = readStep(reading, { value, path: at, params, keys: STEP_KEYS });
    if (step === null) continue;
    const named = isObject(value) && value["name"] !== undefined;
    if (named && names.has(step.name)) {
      reading.findings.report({ path: [...at, "name"], message: `another step is called ${step.name}` });
    }
    const name = named ? step.name : freeName(step.name, names);
    names.add(name);
    steps.push({ ...step, name });
  }
  return steps;
}

/** `npm ci`, `npm ci (2)`, … */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${name} (${count})`;
    if (!taken.has(candidate)) return candidate;
  }
}

interface StepEntry {
  readonly value: unknown;
  readonly path: KeyPath;
  readonly params: readonly string[];
  readonly keys: readonly string[];
}

function readStep(reading: Reading, entry: StepEntry): StepDefinition | null {
  const { value, path, params, keys } = entry;
  const { report } = reading.findings;
  const kind = findKind(reading, entry);
  if (kind === null || !isObject(value)) return null;
  checkKeys({ value, known: [...keys, kind.kind], path, report });
  const common = checkValue({ schema: stepCommon, value, path, report });
  const at = [...path, kind.kind];
  const given = value[kind.kind];
  const options = checkValue({ schema: kind.schema, value: given, path: at, report });
  checkTemplates(reading, { value: given, path: at, params });
  checkTemplates(reading, { value: value["env"], path: [...path, "env"], params });
  if (common === null || options === null) return null;
  return {
    name: common.name ?? kind.title(options),
    kind: kind.kind,
    // Kept as written: the kind's schema reads it again when the step runs.
    options: given,
    env: readEnv(reading, common.env, [...path, "env"]),
    workdir: common.workdir ?? null,
    timeoutMs: common.timeout ?? null,
    retries: common.retries,
    continueOnError: common.continue_on_error,
    progress: common.progress ?? null,
    undo: readUndo(reading, entry, common.undo),
  };
}

function readUndo(reading: Reading, { path, params }: StepEntry, value: unknown): StepDefinition | null {
  if (value === undefined) return null;
  return readStep(reading, { value, path: [...path, "undo"], params, keys: UNDO_KEYS });
}

/** The one key of a step that names its kind. */
function findKind({ kinds, findings }: Reading, { value, path, keys }: StepEntry): StepKind | null {
  const names = [...kinds.steps.keys()];
  if (!isObject(value)) {
    findings.report({ path, message: `expected a map with one of ${names.join(", ")}` });
    return null;
  }
  const given = names.filter((name) => value[name] !== undefined);
  const [only] = given;
  if (given.length === 1 && only !== undefined) return kinds.steps.get(only) ?? null;
  if (given.length > 1) {
    findings.report({
      path,
      message: `expected one of ${names.join(", ")}; here are ${given.join(" and ")}`,
    });
    return null;
  }
  reportNoKind(findings.report, {
    path,
    names,
    strangers: Object.keys(value).filter((key) => !keys.includes(key)),
  });
  return null;
}

interface NoKind {
  readonly path: KeyPath;
  readonly names: readonly string[];
  readonly strangers: readonly string[];
}

function reportNoKind(report: Reading["findings"]["report"], { path, names, strangers }: NoKind): void {
  const expected = `expected one of ${names.join(", ")}`;
  if (strangers.length === 0) report({ path, message: `the step does nothing; ${expected}` });
  for (const key of strangers) {
    report({ path: [...path, key], message: `unknown key; ${expected}`, suggestion: nearest(key, names) });
  }
}
