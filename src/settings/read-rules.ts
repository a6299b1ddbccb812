import { z } from "zod";
import type { ParamSpec, TriggerRule } from "../domain/action.ts";
import { nearest } from "../lib/nearest.ts";
import { checkRule } from "../triggers/check-rule.ts";
import { triggerSchema } from "./action-schema.ts";
import { checkValue } from "./check-value.ts";
import type { KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

export interface RulesInput {
  readonly value: unknown;
  readonly path: KeyPath;
  /** Names of the sources. */
  readonly sources: readonly string[];
  /** Null when they are not valid themselves. */
  readonly params: Readonly<Record<string, ParamSpec>> | null;
}

/** The rules that start an action; those that are not valid are reported and left out. */
export function readRules(
  reading: Reading,
  { value = [], path, sources, params }: RulesInput,
): TriggerRule[] {
  const { report } = reading.findings;
  const rules = checkValue({ schema: z.array(z.unknown()), value, path, report }) ?? [];
  return rules
    .map((rule, index) => readRule(reading, { value: rule, path: [...path, index], sources, params }))
    .filter((rule) => rule !== null);
}

function readRule(reading: Reading, { value, path, sources, params }: RulesInput): TriggerRule | null {
  const { report } = reading.findings;
  const input = checkValue({ schema: triggerSchema, value, path, report });
  if (input === null) return null;
  const { when = null, skip_if_commit_message: skipIfCommitMessage, ...rest } = input;
  const rule: TriggerRule = { ...rest, skipIfCommitMessage, when };
  if (!sources.includes(rule.source)) {
    const suggestion = nearest(rule.source, sources);
    report({ path: [...path, "source"], message: `there is no source ${rule.source}`, suggestion });
  }
  for (const { key, message } of checkRule(rule)) report({ path: [...path, ...key], message });
  if (params !== null) checkGiven(reading, { rule, params, path });
  return rule;
}

interface GivenInput {
  readonly rule: TriggerRule;
  readonly params: Readonly<Record<string, ParamSpec>>;
  readonly path: KeyPath;
}

/** A rule gives the params that the action has, and all that it needs. */
function checkGiven({ findings }: Reading, { rule, params, path }: GivenInput): void {
  const { report } = findings;
  for (const name of Object.keys(rule.with).filter((each) => !Object.hasOwn(params, each))) {
    const suggestion = nearest(name, Object.keys(params));
    report({ path: [...path, "with", name], message: `the action has no param ${name}`, suggestion });
  }
  for (const [name, { required }] of Object.entries(params)) {
    if (!required || Object.hasOwn(rule.with, name)) continue;
    report({ path, message: `the rule gives no value to the required param ${name}; add it under with` });
  }
}
