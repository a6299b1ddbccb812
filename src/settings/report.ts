import type { Position, SettingsDocument } from "./document.ts";
import { displayName, formatPath, type Complaint, type Problem, type Report } from "./problems.ts";

/** Gathers what is wrong, and what is allowed but unwise, each with its place in the file. */
export interface Findings {
  readonly report: Report;
  /** For a value that is not known (`${ENV}` without such a variable): what else is wrong with it is not said. */
  readonly reportUnknown: Report;
  readonly warn: Report;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface FindingsOptions {
  readonly file: string | null;
  readonly document: Pick<SettingsDocument, "position">;
}

/** More are not kept: finding the place of each takes time. */
const MAX_KEPT = 1_000;

export function createFindings({ file, document }: FindingsOptions): Findings {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const unknown = new Set<string>();

  function add(list: Problem[], { path, message, suggestion = null }: Complaint): void {
    const key = formatPath(path);
    if (list.length >= MAX_KEPT || unknown.has(key)) return;
    list.push(problemAt(file, document.position(path), { key, message, suggestion }));
  }

  return {
    report: (complaint) => add(problems, complaint),
    reportUnknown(complaint) {
      add(problems, complaint);
      unknown.add(formatPath(complaint.path));
    },
    warn: (complaint) => add(warnings, complaint),
    problems,
    warnings,
  };
}

export const problemAt = (
  file: string | null,
  { line, column }: Position,
  rest: Pick<Problem, "key" | "message" | "suggestion">,
): Problem => ({ file: displayName(file), line, column, ...rest });
