import { stat } from "node:fs/promises";
import { formatCommand } from "./format-command.ts";
import { messageOf } from "../message-of.ts";

/** A command could not be started; the message says why, for people. */
export class CommandStartError extends Error {
  override readonly name = "CommandStartError";
}

export interface StartFailure {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What spawn threw or emitted. */
  readonly error: unknown;
}

/** Finds out what was wrong: the system says ENOENT for a missing program as for a missing folder. */
export async function startFailure({ argv, cwd, env, error }: StartFailure): Promise<CommandStartError> {
  const problem = (await folderProblem(cwd)) ?? programProblem(argv, env, error);
  return new CommandStartError(`\`${formatCommand(argv)}\` can't be started: ${problem}`, { cause: error });
}

async function folderProblem(cwd: string): Promise<string | null> {
  try {
    return (await stat(cwd)).isDirectory() ? null : `its folder ${cwd} is not a folder`;
  } catch (error) {
    return `its folder ${cwd} ${codeOf(error) === "EACCES" ? "can't be entered" : "doesn't exist"}`;
  }
}

function programProblem(
  [program = ""]: readonly string[],
  env: Readonly<Record<string, string>>,
  error: unknown,
): string {
  const code = codeOf(error);
  if (program === "") return "the command is empty";
  if (code === "ENOENT" && program.includes("/"))
    return `there is no ${program} (or what its first line names)`;
  if (code === "ENOENT") return `there is no ${program} in PATH (${env["PATH"] ?? "which is not set"})`;
  if (code === "EACCES")
    return `${program} is not executable for this account, or its folder is closed to it`;
  if (code === "E2BIG") return "its arguments and environment are longer than the system allows";
  if (code === "EAGAIN" || code === "EMFILE" || code === "ENFILE" || code === "ENOMEM") {
    return `the system has no room for another process (${code})`;
  }
  return messageOf(error);
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;
