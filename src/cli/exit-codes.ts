import { ApiError, ConnectionError } from "../client/client.ts";
import { AppError } from "../domain/errors.ts";

/** What the process exits with; documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** A followed task failed; or anything without a code of its own. */
  failed: 1,
  /** Wrong use, or settings that are not valid. */
  usage: 2,
  notFound: 3,
  /** No server, or no connection to it. */
  noServer: 4,
  auth: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** An end of the process with a code and a message of its own. */
export class CliError extends Error {
  readonly exitCode: number;
  readonly hint: string | null;

  constructor(exitCode: number, message: string, hint: string | null = null) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof ConnectionError) return EXIT.noServer;
  if (error instanceof ApiError) return ofStatus(error.status, error.code);
  if (error instanceof AppError) return ofStatus(error.status, error.code);
  return EXIT.failed;
}

const USAGE: ReadonlySet<string> = new Set(["request:invalid", "server:tls"]);

function ofStatus(status: number, code: string): number {
  if (code.startsWith("settings:") || code.startsWith("params:") || USAGE.has(code)) return EXIT.usage;
  if (status === 404) return EXIT.notFound;
  return status === 401 || status === 403 ? EXIT.auth : EXIT.failed;
}
