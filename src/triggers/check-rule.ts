import picomatch from "picomatch";
import type { TriggerRule } from "../domain/action.ts";
import { checkExpression } from "../lib/expressions.ts";

/** What is wrong with a rule whatever the event, each as a sentence that names the key. */
export function checkRule(rule: TriggerRule): string[] {
  const problems: string[] = [];
  for (const key of ["branch", "tag", "repository", "paths"] as const) {
    for (const glob of rule[key])
      if (!isGlob(glob)) problems.push(`${key}: ${JSON.stringify(glob)} is not a glob`);
  }
  for (const [key, text] of [["when", rule.when] as const, ...withEntries(rule)]) {
    const problem = text === null ? null : checkExpression(text);
    if (problem !== null) problems.push(`${key}: ${problem}`);
  }
  return problems;
}

const withEntries = (rule: TriggerRule): (readonly [string, string])[] =>
  Object.entries(rule.with).map(([name, text]) => [`with.${name}`, text]);

function isGlob(glob: string): boolean {
  const text = glob.startsWith("!") ? glob.slice(1) : glob;
  if (text === "") return false;
  try {
    picomatch.makeRe(text);
    return true;
  } catch {
    return false;
  }
}
