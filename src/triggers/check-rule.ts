import type { TriggerRule } from "../domain/action.ts";
import { EVENT_FIELDS } from "../domain/event.ts";
import { checkExpression, referencesIn } from "../lib/expressions.ts";
import { checkPattern } from "../lib/linear-pattern.ts";
import { nearest } from "../lib/nearest.ts";
import { checkGlob } from "./globs.ts";

export interface RuleProblem {
  /** Key of the rule: `["when"]`, `["with", "sha"]`. */
  readonly key: readonly [string, ...string[]];
  readonly message: string;
}

/** What is wrong with a rule whatever the event. */
export function checkRule(rule: TriggerRule): RuleProblem[] {
  const problems: RuleProblem[] = [];
  for (const key of ["branch", "tag", "repository", "paths"] as const) {
    for (const glob of rule[key]) {
      const problem = checkGlob(glob);
      if (problem === null) continue;
      problems.push({ key: [key], message: `${JSON.stringify(glob)} is not a glob: ${problem}` });
    }
  }
  const key = ["skip_if_commit_message"] as const;
  problems.push(...checkCommitMessages(rule.skipIfCommitMessage).map((message) => ({ key, message })));
  if (rule.when !== null) problems.push(...checkCel(["when"], rule.when));
  for (const [name, text] of Object.entries(rule.with)) problems.push(...checkCel(["with", name], text));
  for (const [name, text] of Object.entries(rule.correlation)) {
    problems.push(...checkCel(["correlation", name], text));
  }
  return problems;
}

/** What is wrong with the patterns of `skip_if_commit_message`. */
export const checkCommitMessages = (patterns: readonly string[]): string[] =>
  patterns.map((pattern) => checkPattern(pattern)).filter((problem) => problem !== null);

function checkCel(key: RuleProblem["key"], text: string): RuleProblem[] {
  if (text.includes("${{")) return [{ key, message: `an expression stands here without \${{ }}` }];
  const message = checkExpression(text, ["event"]) ?? unknownField(text);
  return message === null ? [] : [{ key, message }];
}

/** The problem of an expression that reads a field of the event that there is not, or null. */
export function unknownField(expression: string): string | null {
  const members = referencesIn(expression).filter(({ variable }) => variable === "event");
  const unknown = members.find(({ member }) => !EVENT_FIELDS.some((field) => field === member));
  if (unknown === undefined) return null;
  const suggestion = nearest(unknown.member, EVENT_FIELDS);
  const hint =
    suggestion === null ? `it has ${EVENT_FIELDS.join(", ")}` : `did you mean event.${suggestion}?`;
  return `an event has no ${unknown.member}; ${hint}`;
}
