import type { Action, TriggerRule } from "../domain/action.ts";
import type { RuleReason } from "../domain/delivery.ts";
import { AppError } from "../domain/errors.ts";
import type { EventField, HealthReport, HookEvent } from "../domain/event.ts";
import { compileExpression, kindOf, textOf } from "../lib/expressions.ts";
import { compilePattern } from "../lib/linear-pattern.ts";
import { shorten } from "../lib/shorten.ts";
import { globTest } from "./globs.ts";
import { resolveParams } from "./params.ts";
import { messageOf } from "../lib/message-of.ts";

/** An action that an event starts. */
export interface Match {
  readonly action: Action;
  /** Index of the rule in the action's `on`. */
  readonly rule: number;
  readonly params: Readonly<Record<string, string>>;
  /** See Task. */
  readonly correlation: Readonly<Record<string, string>>;
}

export interface MatchResult {
  /** Each action at most once, by its first rule that matches. */
  readonly matches: readonly Match[];
  /** One for each rule of each action. */
  readonly reasons: readonly RuleReason[];
}

export interface MatchInput {
  readonly event: HookEvent;
  readonly actions: readonly Action[];
}

/** Decides which actions an event starts, and says why for each rule. Pure. */
export function matchActions({ event, actions }: MatchInput): MatchResult {
  const matches: Match[] = [];
  const reasons: RuleReason[] = [];
  for (const action of actions) {
    let started = false;
    for (const [rule, definition] of action.on.entries()) {
      const result = tryRule(event, action, definition);
      reasons.push(reasonOf(action, rule, result));
      if (result.ok && !started) {
        const correlation = correlationOf(event, definition);
        matches.push({ action, rule, params: result.params, correlation });
      }
      started ||= result.ok;
    }
  }
  return { matches, reasons };
}

type RuleResult =
  | { readonly ok: true; readonly params: Readonly<Record<string, string>> }
  | ({ readonly ok: false } & Failure);

interface Failure {
  /** The first test that failed. */
  readonly failed: string;
  readonly explanation: string;
}

const reasonOf = (action: Action, rule: number, result: RuleResult): RuleReason => ({
  action: action.name,
  rule,
  matched: result.ok,
  failed: result.ok ? null : result.failed,
  explanation: result.ok ? "All tests of the rule hold" : result.explanation,
});

function tryRule(event: HookEvent, action: Action, rule: TriggerRule): RuleResult {
  for (const test of TESTS) {
    const failure = test(event, rule, action);
    if (failure !== null) return { ok: false, ...failure };
  }
  return mapParams(event, action, rule);
}

type Test = (event: HookEvent, rule: TriggerRule, action: Action) => Failure | null;

/** The cheap ones first; the first that fails is the reason. */
const TESTS: readonly Test[] = [
  testSource,
  testEvent,
  testPing,
  testDeleted,
  testRefused,
  testFork,
  testDraft,
  globsTest("branch", (event) => event.branch),
  globsTest("tag", (event) => event.tag),
  globsTest("repository", (event) => event.repository),
  testPaths,
  testCommitMessage,
  testWhen,
];

function testSource(event: HookEvent, rule: TriggerRule): Failure | null {
  if (event.source === rule.source) return null;
  return { failed: "source", explanation: `The source is ${event.source}, not ${rule.source}` };
}

/** By our name or the sender's own. */
function testEvent({ name, senderName }: HookEvent, rule: TriggerRule): Failure | null {
  if (rule.event.length === 0 || rule.event.includes(name) || rule.event.includes(senderName)) return null;
  const shown = name === senderName ? name : `${name} (${shorten(senderName)})`;
  return { failed: "event", explanation: `The event is ${shown}, which is none of ${rule.event.join(", ")}` };
}

/** A sender's test of the connection: a rule that takes whatever comes did not mean that. */
function testPing({ name, senderName }: HookEvent, rule: TriggerRule): Failure | null {
  if (name !== "ping" || rule.event.includes(name) || rule.event.includes(senderName)) return null;
  return {
    failed: "ping",
    explanation: "It only tests the connection; a rule has to name the event ping for it",
  };
}

/** Anybody can make a fork: what comes from one is somebody else's code. */
function testFork({ fork, name }: HookEvent, { forks }: TriggerRule): Failure | null {
  if (fork !== true || forks) return null;
  const what = name === "pull_request" ? "The pull request" : "It";
  return { failed: "fork", explanation: `${what} comes from a fork; the rule does not say forks: true` };
}

function testDraft({ draft }: HookEvent, { drafts }: TriggerRule): Failure | null {
  if (draft !== true || drafts) return null;
  return { failed: "draft", explanation: "The pull request is a draft; the rule does not say drafts: true" };
}

/** There is nothing to deploy of a branch that was removed; a rule that speaks of it has its say itself. */
function testDeleted({ deleted, ref }: HookEvent, { when }: TriggerRule): Failure | null {
  if (!deleted || when?.includes("event.deleted") === true) return null;
  return {
    failed: "deleted",
    explanation: `${ref === null ? "The ref" : shorten(ref)} was deleted; only a rule whose when speaks of event.deleted starts then`,
  };
}

/** The same for a rollback that the memory of healthy revisions refuses: nothing may start by oversight what would loop. */
function testRefused({ health }: HookEvent, { when }: TriggerRule): Failure | null {
  const refusal = health?.refusal ?? null;
  if (refusal === null || when?.includes("event.health.refusal") === true) return null;
  return {
    failed: "refused",
    explanation: `${refusal}. Only a rule whose when speaks of event.health.refusal starts then`,
  };
}

function globsTest(key: "branch" | "tag" | "repository", read: (event: HookEvent) => string | null): Test {
  return (event, rule) => {
    const globs = rule[key];
    if (globs.length === 0) return null;
    const value = read(event);
    if (value === null) return { failed: key, explanation: `The event has no ${key}` };
    if (globTest(globs)(value)) return null;
    return { failed: key, explanation: `The ${key} ${shorten(value)} does not match ${globs.join(", ")}` };
  };
}

/** Where the sender did not say which paths changed, the rule holds: a deployment too many does less harm than one missed. */
function testPaths({ paths }: HookEvent, rule: TriggerRule): Failure | null {
  if (rule.paths.length === 0 || paths === null || paths.some(globTest(rule.paths))) return null;
  const globs = rule.paths.join(", ");
  return { failed: "paths", explanation: `None of the ${paths.length} changed paths matches ${globs}` };
}

/** An event without a message has nothing to skip it for. */
function testCommitMessage(
  { commit }: HookEvent,
  rule: TriggerRule,
  { skipIfCommitMessage: ofAction }: Action,
): Failure | null {
  const message = commit?.message ?? null;
  const patterns = [...rule.skipIfCommitMessage, ...ofAction];
  const found = patterns.find((pattern) => message !== null && compilePattern(pattern).finds(message));
  if (found === undefined) return null;
  return {
    failed: "skip_if_commit_message",
    explanation: `${shorten(found)} is found in the commit's message`,
  };
}

function testWhen(event: HookEvent, { when }: TriggerRule): Failure | null {
  if (when === null) return null;
  try {
    const value = compileExpression(when).evaluate({ event: asVariable(event) });
    if (value === true) return null;
    const shown = value === false ? "false" : `${shownValue(value)}, not true`;
    return { failed: "when", explanation: `${when} is ${shown}` };
  } catch (error) {
    return { failed: "when", explanation: `${when} can't be evaluated: ${messageOf(error)}` };
  }
}

/** The event decides how long a text is; a list or a map may be all of it. */
function shownValue(value: unknown): string {
  const text = textOf(value);
  return text === null ? kindOf(value) : JSON.stringify(shorten(text));
}

function mapParams(event: HookEvent, action: Action, rule: TriggerRule): RuleResult {
  try {
    const given: Record<string, string> = {};
    for (const [name, text] of Object.entries(rule.with)) {
      const value = compileExpression(text).evaluate({ event: asVariable(event) });
      // Null means "not given": the default counts, or the param is reported as missing.
      if (value !== null && value !== undefined) given[name] = toText(name, value);
    }
    return { ok: true, params: resolveParams({ specs: action.params, given }) };
  } catch (error) {
    return {
      ok: false,
      failed: error instanceof AppError ? "params" : "with",
      explanation: messageOf(error),
    };
  }
}

/** Characters kept of a value: it is sent on to others. */
const MAX_CORRELATION = 500;

/** What an event does not have is left out: nobody's deployment shall fail for want of a ticket's number. */
function correlationOf(event: HookEvent, rule: TriggerRule): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, text] of Object.entries(rule.correlation)) {
    const value = tryText(text, event);
    if (value !== null) found[name] = shorten(value, MAX_CORRELATION);
  }
  return found;
}

function tryText(text: string, event: HookEvent): string | null {
  try {
    return textOf(compileExpression(text).evaluate({ event: asVariable(event) }));
  } catch {
    return null;
  }
}

function toText(name: string, value: unknown): string {
  const text = textOf(value);
  if (text === null) throw new Error(`${name} would be ${kindOf(value)}, not a text`);
  return text;
}

/** The event as expressions see it; settings are written in snake case. */
export function asVariable({
  cloneUrl,
  senderName,
  health,
  ...event
}: HookEvent): Readonly<Record<EventField, unknown>> {
  return { ...event, clone_url: cloneUrl, sender_name: senderName, health: healthVariable(health) };
}

function healthVariable(health: HealthReport | null): Readonly<Record<string, unknown>> | null {
  if (health === null) return null;
  const { healthyRevision, ...same } = health;
  return { ...same, healthy_revision: healthyRevision };
}
