import { relative } from "node:path";
import { AppError } from "../domain/errors.ts";

/** Where a value stands in the settings. */
export type KeyPath = readonly (string | number)[];

/** One thing that is wrong with a settings file. */
export interface Problem {
  /** As shown to people: relative to the current folder where that is shorter. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `actions.deploy.steps[0].run`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong and what was expected. */
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion: string | null;
}

/** What a check says of one place; `suggestion` is the word probably meant. */
export interface Complaint {
  readonly path: KeyPath;
  readonly message: string;
  readonly suggestion?: string | null;
}

export type Report = (complaint: Complaint) => void;

/** `["actions", "deploy", "steps", 0]` → `actions.deploy.steps[0]`. */
export function formatPath(path: KeyPath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** `hookwright.yaml:12:5 actions.deploy.steps[0].rn: unknown key; did you mean "run"?` */
export function formatProblem({ file, line, column, key, message, suggestion }: Problem): string {
  const place = `${file}:${line}:${column}${key === "" ? "" : ` ${key}`}`;
  return `${place}: ${message}${suggestion === null ? "" : `; did you mean "${suggestion}"?`}`;
}

/** Nobody reads more, and a file that is no settings file at all would fill the terminal. */
const MAX_SHOWN = 100;

/** All problems as the one error `settings:invalid`, in the order of the file. */
export function invalidSettings(problems: readonly Problem[]): AppError {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const shown = sorted.slice(0, MAX_SHOWN);
  const more = sorted.length > MAX_SHOWN ? ["… and more; mend these first"] : [];
  return new AppError("settings:invalid", [...shown.map(formatProblem), ...more].join("\n"), {
    details: { problems: shown },
  });
}

export function displayName(file: string | null): string {
  if (file === null) return "settings";
  const near = relative(process.cwd(), file);
  return near.length < file.length && near !== "" ? near : file;
}
