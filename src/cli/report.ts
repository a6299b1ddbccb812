import { z } from "zod";
import { ApiError, ConnectionError } from "../client/client.ts";
import { AppError } from "../domain/errors.ts";
import { CliError } from "./exit-codes.ts";
import { inWords } from "./invocation.ts";
import { colors } from "./terminal.ts";
import { messageOf } from "../lib/message-of.ts";

interface Report {
  readonly message: string;
  readonly hint: string | null;
  /** Stable; null for what has none. */
  readonly code: string | null;
  /** Each thing that is wrong, with its place. */
  readonly problems: readonly string[];
}

const problemSchema = z.looseObject({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  key: z.string(),
  message: z.string(),
  suggestion: z.string().nullable(),
});
const problemsSchema = z.object({ problems: z.array(problemSchema) });

/** An error as lines for people, or as one line of JSON. */
export function reportOf(error: unknown, { json }: { readonly json: boolean }): string[] {
  const { message, hint, code, problems } = describe(error);
  if (json) return [JSON.stringify({ error: { code, message, hint } })];
  const name = code === null ? "" : colors.dim(` (${code})`);
  const lines = [...problems, `${colors.red("error")}: ${message}${name}`];
  if (hint !== null) lines.push(hint);
  if (process.env["DEBUG"] !== undefined && error instanceof Error) lines.push(error.stack ?? "");
  return lines;
}

function describe(error: unknown): Report {
  const plain = { hint: null, code: null, problems: [] };
  if (error instanceof CliError) return { ...plain, message: error.message, hint: error.hint };
  if (error instanceof AppError) return describeAppError(error);
  if (error instanceof ApiError) {
    return { ...plain, message: error.message, code: error.code, hint: hintOf(error.code) };
  }
  if (error instanceof ConnectionError) {
    return { ...plain, message: error.message, hint: `Is it running? Start it with: ${inWords("serve")}` };
  }
  return { ...plain, message: messageOf(error) };
}

function describeAppError({ code, message, details }: AppError): Report {
  const parsed = problemsSchema.safeParse(details);
  if (code !== "settings:invalid" || !parsed.success) {
    return { message, code, hint: hintOf(code), problems: [] };
  }
  const { problems } = parsed.data;
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  return {
    message: `The settings are not valid: ${count}`,
    code,
    hint: null,
    problems: problems.map(formatProblem),
  };
}

/** `hookwright.yaml:12:5 actions.deploy.stepz: unknown key; did you mean "steps"?` */
function formatProblem(problem: z.infer<typeof problemSchema>): string {
  const { file, line, column, key, message, suggestion } = problem;
  const place = colors.cyan(`${file}:${line}:${column}`);
  const meant = suggestion === null ? "" : `; did you mean "${suggestion}"?`;
  return `${place}${key === "" ? "" : ` ${colors.bold(key)}`}: ${message}${meant}`;
}

const HINTS: Readonly<Record<string, string>> = {
  "auth:bad_credentials":
    "Is it a token of that server? HOOKWRIGHT_TOKEN and --token go before the local one",
  "auth:forbidden": "Make a token that may: hookwright token create NAME --scope deploy",
  "settings:exists": "Replace it with --force",
  "store:locked": "Stop that server, or give its address with --url and a token with --token",
};

const hintOf = (code: string): string | null => HINTS[code] ?? null;
