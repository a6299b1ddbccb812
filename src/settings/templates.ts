import { checkExpression, expressionsIn, referencesIn } from "../lib/expressions.ts";
import { nearest } from "../lib/nearest.ts";
import { unknownField } from "../triggers/check-rule.ts";
import type { Complaint, KeyPath } from "./problems.ts";
import type { Reading } from "./reading.ts";

/** What a template at some place can refer to. */
export interface TemplateScope {
  /** Names of the action's params. */
  readonly params: readonly string[];
  /** Names of the steps that have run by then. */
  readonly steps: readonly string[];
}

export interface TemplatesInput {
  readonly value: unknown;
  readonly path: KeyPath;
  readonly scope: TemplateScope;
  /** Whether a template may stand at this place. Default: at any. */
  readonly mayHold?: (path: KeyPath) => boolean;
}

/** Checks every `${{ … }}` below a value: that it may stand there, can be read, and names only what there is. */
export function checkTemplates(reading: Reading, input: TemplatesInput): void {
  const { value, path, scope, mayHold } = input;
  if (typeof value === "string") {
    if (!opensTemplate(value)) return;
    const problems = mayHold?.(path) === false ? [MISPLACED] : problemsOf(value, scope);
    for (const problem of problems) reading.findings.report({ path, ...problem });
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    checkTemplates(reading, { ...input, value: item, path: [...path, isList ? Number(key) : key] });
  }
}

/** For parts of the settings that are read once and for all. */
export const forbidTemplates = (reading: Reading, value: unknown, path: KeyPath): void =>
  checkTemplates(reading, { value, path, scope: { params: [], steps: [] }, mayHold: () => false });

type Problem = Omit<Complaint, "path">;

const MISPLACED: Problem = {
  message:
    "no ${{ }} can stand here: it is for arguments, values of env and the fields whose reference says so",
};

/** `$${{` is a plain `${{` (see environment-values.ts). */
const opensTemplate = (text: string): boolean => /(?<!\$)\$\{\{/.test(text);

const VARIABLES = ["params", "event", "task", "steps"];
const TASK_FIELDS = ["id", "action", "attempt", "created_at"];

function problemsOf(text: string, scope: TemplateScope): Problem[] {
  const expressions = expressionsIn(text);
  const opened = text.match(/(?<!\$)\$\{\{/g)?.length ?? 0;
  if (expressions.length < opened) return [{ message: "a ${{ is not closed by }}" }];
  return expressions.flatMap((expression) =>
    expressionProblems(expression, scope).map((problem) => ({
      ...problem,
      message: `\${{ ${expression} }}: ${problem.message}`,
    })),
  );
}

function expressionProblems(expression: string, { params, steps }: TemplateScope): Problem[] {
  const message = checkExpression(expression, VARIABLES) ?? unknownField(expression);
  if (message !== null) return [{ message }];
  return referencesIn(expression).flatMap(({ variable, member }) => {
    switch (variable) {
      case "params":
        return unless(params, member, `the action has no param ${member}`);
      case "steps":
        return unless(steps, member, `no step ${member} runs before this`);
      case "task":
        return unless(TASK_FIELDS, member, `a task has no ${member}`);
      default:
        return [];
    }
  });
}

const unless = (known: readonly string[], name: string, message: string): Problem[] =>
  known.includes(name) ? [] : [{ message, suggestion: nearest(name, known) }];
