import { resolve } from "node:path";
import type { Action, ParamSpec, TriggerRule } from "../domain/action.ts";
import { nearest } from "../lib/nearest.ts";
import { checkRule } from "../triggers/check-rule.ts";
import { actionCommon, type ActionInput, type ParamInput, type TriggerInput } from "./action-schema.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import { entryName } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import { readEnv } from "./read-env.ts";
import { readSteps } from "./read-steps.ts";
import type { Reading } from "./reading.ts";
import { checkTemplates } from "./templates.ts";

const ACTION_KEYS = Object.keys(actionCommon.shape);

/** Every action of the settings; those that are not valid are reported and left out. */
export function readActions(
  reading: Reading,
  value: unknown,
  sources: readonly string[],
): Record<string, Action> {
  const actions: Record<string, Action> = {};
  if (value === undefined || value === null) return actions;
  if (!isObject(value)) {
    reading.findings.report({ path: ["actions"], message: "expected a map: name → action" });
    return actions;
  }
  for (const [name, entry] of Object.entries(value)) {
    const action = readAction(reading, { name, value: entry, sources });
    if (action !== null) actions[name] = action;
  }
  return actions;
}

interface ActionEntry {
  readonly name: string;
  readonly value: unknown;
  readonly sources: readonly string[];
}

function readAction(reading: Reading, { name, value, sources }: ActionEntry): Action | null {
  const path: KeyPath = ["actions", name];
  const { report } = reading.findings;
  if (checkValue({ schema: entryName, value: name, path, report }) === null) return null;
  if (!isObject(value)) {
    report({ path, message: "expected a map with steps" });
    return null;
  }
  checkKeys({ value, known: ACTION_KEYS, path, report });
  if (value["steps"] === undefined) report({ path, message: "the key steps is missing" });
  const input = checkValue({ schema: actionCommon, value, path, report });
  if (input === null) return null;
  const params = readParams(reading, input.params, path);
  const scope = { params: Object.keys(params), path };
  checkTemplates(reading, { ...scope, value: input.env, path: [...path, "env"] });
  return {
    name,
    description: input.description ?? null,
    params,
    on: input.on.map((rule, index) =>
      readRule(reading, { rule, path: [...path, "on", index], sources, params }),
    ),
    concurrency: { policy: input.concurrency.policy, group: input.concurrency.group ?? name },
    timeoutMs: input.timeout,
    graceMs: input.grace,
    onCrash: input.on_crash,
    env: readEnv(reading, input.env, [...path, "env"]),
    workdir: readWorkdir(reading, input, path),
    steps: readSteps(reading, { values: input.steps, path: [...path, "steps"], params: Object.keys(params) }),
    maxLogBytes: input.max_log,
  };
}

function readWorkdir(reading: Reading, { workdir }: ActionInput, path: KeyPath): string | null {
  if (workdir === undefined) return null;
  const expanded = reading.expand(workdir, [...path, "workdir"]);
  return resolve(reading.dir, String(expanded));
}

function readParams(
  { findings }: Reading,
  params: Readonly<Record<string, ParamInput>>,
  path: KeyPath,
): Record<string, ParamSpec> {
  const specs: Record<string, ParamSpec> = {};
  for (const [name, param] of Object.entries(params)) {
    const at = [...path, "params", name];
    const pattern = param.pattern ?? null;
    if (pattern !== null && !isPattern(pattern)) {
      findings.report({ path: [...at, "pattern"], message: `${pattern} is not a regular expression` });
    } else if (pattern !== null && param.default !== undefined && !fits(pattern, param.default)) {
      findings.report({ path: [...at, "default"], message: `the default does not match ${pattern}` });
    }
    specs[name] = {
      pattern,
      required: param.required ?? param.default === undefined,
      default: param.default ?? null,
      description: param.description ?? null,
      allowLeadingDash: param.allow_leading_dash,
    };
  }
  return specs;
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

const fits = (pattern: string, value: string): boolean => new RegExp(`^(?:${pattern})$`, "u").test(value);

interface RuleEntry {
  readonly rule: TriggerInput;
  readonly path: KeyPath;
  readonly sources: readonly string[];
  readonly params: Readonly<Record<string, ParamSpec>>;
}

function readRule({ findings }: Reading, { rule, path, sources, params }: RuleEntry): TriggerRule {
  const { report } = findings;
  const { when = null, ...rest } = rule;
  const read: TriggerRule = { ...rest, when };
  if (!sources.includes(rule.source)) {
    const suggestion = nearest(rule.source, sources);
    report({ path: [...path, "source"], message: `there is no source ${rule.source}`, suggestion });
  }
  for (const problem of checkRule(read)) report({ path, message: problem });
  for (const name of Object.keys(rule.with).filter((each) => !Object.hasOwn(params, each))) {
    const suggestion = nearest(name, Object.keys(params));
    report({ path: [...path, "with", name], message: `the action has no param ${name}`, suggestion });
  }
  const given = Object.keys(rule.with);
  for (const [name, { required }] of Object.entries(params)) {
    if (!required || given.includes(name)) continue;
    report({ path, message: `the rule gives no value to the required param ${name}; add it under with` });
  }
  return read;
}
