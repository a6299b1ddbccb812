import type { Position, SettingsDocument } from "./document.ts";
import { displayName, formatPath, type Complaint, type Problem } from "./problems.ts";

/** Gathers what is wrong, and what is allowed but unwise, each with its place in the file. */
export interface Findings {
  report(complaint: Complaint): void;
  warn(complaint: Complaint): void;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface FindingsOptions {
  readonly file: string | null;
  readonly document: Pick<SettingsDocument, "position">;
}

export function createFindings({ file, document }: FindingsOptions): Findings {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const toProblem = ({ path, message, suggestion = null }: Complaint): Problem =>
    problemAt(file, document.position(path), { key: formatPath(path), message, suggestion });
  return {
    report: (complaint) => problems.push(toProblem(complaint)),
    warn: (complaint) => warnings.push(toProblem(complaint)),
    problems,
    warnings,
  };
}

export const problemAt = (
  file: string | null,
  { line, column }: Position,
  rest: Pick<Problem, "key" | "message" | "suggestion">,
): Problem => ({ file: displayName(file), line, column, ...rest });
