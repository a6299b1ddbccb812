import { resolve } from "node:path";
import type { Action, ApprovalRule, RunsOn } from "../domain/action.ts";
import { checkCommitMessages } from "../triggers/check-rule.ts";
import { actionOwn, type ActionOwn, PLAIN_APPROVAL } from "./action-schema.ts";
import { nearest } from "../lib/nearest.ts";
import { checkKeys, checkValue, isObject } from "./check-value.ts";
import { readSandbox } from "./confine-schema.ts";
import { entryName } from "./fields.ts";
import type { KeyPath } from "./problems.ts";
import { readEnv } from "./read-env.ts";
import { readParams } from "./read-params.ts";
import { readRules } from "./read-rules.ts";
import { readSteps } from "./read-steps.ts";
import type { Reading } from "./reading.ts";
import { checkTemplates, forbidTemplates } from "./templates.ts";

const ACTION_KEYS = [...Object.keys(actionOwn.shape), "report", "params", "on", "steps"];

/** Every action of the settings; those that are not valid are reported and left out. */
export function readActions(reading: Reading, value: unknown, known: KnownNames): Record<string, Action> {
  const actions: Record<string, Action> = {};
  if (value === undefined || value === null) return actions;
  if (!isObject(value)) {
    reading.findings.report({ path: ["actions"], message: "expected a map: name → action" });
    return actions;
  }
  for (const [name, entry] of Object.entries(value)) {
    const action = readAction(reading, { name, value: entry, ...known });
    if (action !== null) actions[name] = action;
  }
  return actions;
}

function readRunsOn(value: ActionOwn["runs_on"]): RunsOn | null {
  if (value === undefined) return null;
  if (Array.isArray(value)) return { labels: value, each: null };
  return { labels: value.labels, each: value.each ? { maxParallel: value.max_parallel } : null };
}

function readApproval(value: ActionOwn["approve"]): ApprovalRule | null {
  if (value === false) return null;
  const { expires, by } = value === true ? PLAIN_APPROVAL : value;
  return { expiresMs: expires, scopes: by };
}

/** What an action may refer to. */
export interface KnownNames {
  readonly sources: readonly string[];
  readonly endpoints: readonly string[];
}

interface ActionEntry extends KnownNames {
  readonly name: string;
  readonly value: unknown;
}

/** Looks at every part, whatever is wrong with the others: all problems are told at once. */
function readAction(reading: Reading, { name, value, sources, endpoints }: ActionEntry): Action | null {
  const path: KeyPath = ["actions", name];
  const { report } = reading.findings;
  checkValue({ schema: entryName, value: name, path, report });
  if (!isObject(value)) {
    report({ path, message: "expected a map with steps" });
    return null;
  }
  checkKeys({ value, known: ACTION_KEYS, path, report });
  const own = checkValue({ schema: actionOwn, value, path, report });
  for (const message of checkCommitMessages(own?.skip_if_commit_message ?? []))
    report({ path: [...path, "skip_if_commit_message"], message });
  const params = readParams(reading, value["params"], [...path, "params"]);
  const on = readRules(reading, { value: value["on"], path: [...path, "on"], sources, params });
  const paramNames = isObject(value["params"]) ? Object.keys(value["params"]) : [];
  forbidTemplates(reading, value["concurrency"], [...path, "concurrency"]);
  const env = { value: value["env"], path: [...path, "env"] };
  checkTemplates(reading, { ...env, scope: { params: paramNames, steps: [] } });
  const steps = readSteps(reading, {
    value: value["steps"],
    path: [...path, "steps"],
    params: paramNames,
    timeoutMs: own?.timeout ?? null,
  });
  checkNotify(reading, { names: own?.notify ?? [], endpoints, path: [...path, "notify"] });
  if (own === null || params === null) return null;
  return {
    name,
    description: own.description ?? null,
    params,
    on,
    skipIfCommitMessage: own.skip_if_commit_message,
    concurrency: { policy: own.concurrency.policy, group: own.concurrency.group ?? name },
    approval: readApproval(own.approve),
    debounceMs: own.debounce ?? null,
    runsOn: readRunsOn(own.runs_on),
    timeoutMs: own.timeout,
    graceMs: own.grace,
    onCrash: own.on_crash,
    env: readEnv(reading, own.env, env.path),
    workdir: readWorkdir(reading, own.workdir, [...path, "workdir"]),
    user: own.user ?? null,
    sandbox: readSandbox(reading, own.sandbox, [...path, "sandbox"]) || null,
    steps,
    maxLogBytes: own.max_log,
    notify: own.notify ?? null,
  };
}

interface NotifyEntry {
  readonly names: readonly string[];
  readonly endpoints: readonly string[];
  readonly path: KeyPath;
}

function checkNotify({ findings }: Reading, { names, endpoints, path }: NotifyEntry): void {
  for (const [index, name] of names.entries()) {
    if (endpoints.includes(name)) continue;
    const message = `there is no endpoint ${name} in notify`;
    findings.report({ path: [...path, index], message, suggestion: nearest(name, endpoints) });
  }
}

function readWorkdir(reading: Reading, workdir: string | undefined, path: KeyPath): string | null {
  if (workdir === undefined) return null;
  forbidTemplates(reading, workdir, path);
  return resolve(reading.dir, String(reading.expand(workdir, path)));
}
