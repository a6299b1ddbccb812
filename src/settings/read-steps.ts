import type { StepDefinition } from "../domain/action.ts";
import { formatDuration } from "../lib/duration.ts";
import type { StepKind } from "../steps/step.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import { checkStepTemplates } from "./check-step-templates.ts";
import { findStepKind } from "./find-step-kind.ts";
import type { KeyPath } from "./problems.ts";
import { readEnv } from "./read-env.ts";
import type { Reading } from "./reading.ts";
import { passwordIn, soundsSecret } from "./secrets.ts";
import { readSandbox } from "./confine-schema.ts";
import { type StepInput, stepCommon } from "./step-schema.ts";

export interface StepsInput {
  readonly value: unknown;
  readonly path: KeyPath;
  /** Names of the action's params. */
  readonly params: readonly string[];
  /** Milliseconds the whole action may take; null where that is not known. */
  readonly timeoutMs: number | null;
}

const STEP_KEYS = Object.keys(stepCommon.shape);
const UNDO_KEYS = STEP_KEYS.filter((key) => !["undo", "continue_on_error", "progress"].includes(key));

/** The steps of an action; those that are not valid are reported and left out. */
export function readSteps(
  reading: Reading,
  { value, path, params, timeoutMs }: StepsInput,
): StepDefinition[] {
  if (!Array.isArray(value) || value.length === 0) {
    const message =
      value === undefined ? "the key steps is missing" : "expected a list with at least one step";
    reading.findings.report({ path, message });
    return [];
  }
  const values: readonly unknown[] = value;
  const read = values.map((each, index) =>
    readStep(reading, { value: each, path: [...path, index], keys: STEP_KEYS }),
  );
  const names = nameSteps(reading, { values, path, read });
  checkOrder(reading, { path, steps: read, timeoutMs });
  const steps = read.map((step, index) =>
    step === null ? null : { ...step, name: names[index] ?? step.name },
  );
  for (const [index, each] of values.entries()) {
    checkStepTemplates(reading, {
      value: each,
      path: [...path, index],
      params,
      names: names.slice(0, index),
      own: names[index],
    });
  }
  return steps.filter((step) => step !== null);
}

interface StepEntry {
  readonly value: unknown;
  readonly path: KeyPath;
  readonly keys: readonly string[];
}

function readStep(reading: Reading, { value, path, keys }: StepEntry): StepDefinition | null {
  const { report } = reading.findings;
  const kind = findStepKind(reading, { value, path, keys });
  if (!isObject(value)) return null;
  const common = checkValue({ schema: stepCommon, value, path, report });
  const undo =
    value["undo"] === undefined
      ? null
      : readStep(reading, { value: value["undo"], path: [...path, "undo"], keys: UNDO_KEYS });
  if (kind === null) return null;
  checkKeys({ value, known: [...keys, kind.kind], path, report });
  const options = readOptions(reading, { kind, value: value[kind.kind], path: [...path, kind.kind] });
  if (common === null || options === null) return null;
  const sandbox = readSandbox(reading, common.sandbox, [...path, "sandbox"]);
  return {
    name: common.name ?? options.title,
    kind: kind.kind,
    options: options.value,
    env: readEnv(reading, common.env, [...path, "env"]),
    workdir:
      common.workdir === undefined ? null : String(reading.expand(common.workdir, [...path, "workdir"])),
    user: common.user ?? null,
    sandbox,
    timeoutMs: common.timeout ?? null,
    retries: common.retries,
    continueOnError: common.continue_on_error,
    progress: common.progress ?? null,
    undo: undo === null ? null : withFencesOf(common, undo, sandbox),
  };
}

/** What a step may not do, its undo may not do either, unless that says something else. */
const withFencesOf = (
  { user }: Pick<StepInput, "user">,
  undo: StepDefinition,
  sandbox: StepDefinition["sandbox"],
): StepDefinition => ({ ...undo, user: undo.user ?? user ?? null, sandbox: undo.sandbox ?? sandbox });

interface OptionsEntry {
  readonly kind: StepKind;
  readonly value: unknown;
  readonly path: KeyPath;
}

interface StepOptions {
  /** As written, `${ENV}` replaced: the kind's schema reads them again when the step runs. */
  readonly value: unknown;
  readonly title: string;
}

function readOptions(reading: Reading, { kind, value, path }: OptionsEntry): StepOptions | null {
  const expanded = kind.keepsVariables === true ? value : reading.expandTemplates(value, path);
  const options = checkValue({ schema: kind.schema, value: expanded, path, report: reading.findings.report });
  if (options === null) return null;
  suspectSecrets(reading, expanded, null);
  return { value: expanded, title: kind.title(options) };
}

/** Passwords in URLs, and values of keys such as `token`, must not be shown in logs. */
function suspectSecrets(reading: Reading, value: unknown, key: string | null): void {
  if (typeof value === "string") {
    const password = passwordIn(value);
    if (password !== null) reading.secrets.suspect(value);
    if (key !== null && soundsSecret(key) && !value.includes("${{")) reading.secrets.suspect(value);
  }
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [name, item] of Object.entries(value)) suspectSecrets(reading, item, isList ? key : name);
}

interface NamesInput {
  readonly values: readonly unknown[];
  readonly path: KeyPath;
  readonly read: readonly (StepDefinition | null)[];
}

/** The name of each step, each once: those given, then the others with a number where it takes one: `npm ci (2)`. */
function nameSteps(reading: Reading, { values, path, read }: NamesInput): string[] {
  const given = values.map((value) =>
    isObject(value) && typeof value["name"] === "string" ? value["name"] : null,
  );
  for (const [index, name] of given.entries()) {
    if (name === null || given.indexOf(name) === index) continue;
    reading.findings.report({ path: [...path, index, "name"], message: `another step is called ${name}` });
  }
  const taken = new Set(given);
  return given.map((name, index) => {
    const free = name ?? freeName(read[index]?.name ?? `step ${index + 1}`, taken);
    taken.add(free);
    return free;
  });
}

function freeName(name: string, taken: ReadonlySet<string | null>): string {
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${name} (${count})`;
    if (!taken.has(candidate)) return candidate;
  }
}

interface OrderInput {
  readonly path: KeyPath;
  readonly steps: readonly (StepDefinition | null)[];
  readonly timeoutMs: number | null;
}

/** What can never come true: a step longer than its action, a progress that goes back. */
function checkOrder({ findings }: Reading, { path, steps, timeoutMs }: OrderInput): void {
  let reached = 0;
  for (const [index, step] of steps.entries()) {
    if (timeoutMs !== null && (step?.timeoutMs ?? 0) > timeoutMs) {
      const message = `longer than the action's timeout of ${formatDuration(timeoutMs)}, which would end it first`;
      findings.report({ path: [...path, index, "timeout"], message });
    }
    if (step === null || step.progress === null) continue;
    if (step.progress < reached) {
      const message = `progress never goes back, and a step before it reaches ${reached}`;
      findings.report({ path: [...path, index, "progress"], message });
    }
    reached = Math.max(reached, step.progress);
  }
}
