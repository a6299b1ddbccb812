import type { z } from "zod";
import { AppError } from "../domain/errors.ts";
import type { Release } from "../domain/release.ts";
import { formatCommand } from "../lib/processes/format-command.ts";

/** How a command ended. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output, at most `captureBytes` of it; empty unless asked for. */
  readonly stdout: string;
}

export interface CommandOptions {
  /** argv; `argv[0]` is looked up in PATH. No shell. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Added to the step's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Keep up to this many bytes of stdout in the result (it is logged as well unless `quiet`). */
  readonly captureBytes?: number;
  /** Do not log the output. */
  readonly quiet?: boolean;
  /** Written to the command's standard input, which is otherwise empty. */
  readonly input?: string;
}

/** What a step gets to work with. Everything it starts through `command` ends with the task. */
export interface StepContext {
  readonly taskId: string;
  /** Aborted on cancel and on timeout, after which the step has the grace period to end. */
  readonly signal: AbortSignal;
  /** Absolute; exists. */
  readonly workdir: string;
  /** The clean environment that commands get. */
  readonly env: Readonly<Record<string, string>>;
  /** One line, shown to people; secrets are masked behind it. */
  log(text: string): void;
  /** 0 to 100 within this step. */
  progress(percent: number): void;
  /**
   * Runs a command in the task's own process group, output going to the log line by line.
   * Resolves with any exit code; rejects with AppError `step:failed` when it can't be started, and with the abort reason when stopped.
   */
  command(options: CommandOptions): Promise<CommandResult>;
  /** The argv that starts an app: for what goes on after the task. */
  appArgv(argv: readonly [string, ...string[]]): readonly [string, ...string[]];
  /** Makes a folder where there is none, for those who are to work in it. Rejects `user:folder`. */
  makeFolder(dir: string): Promise<void>;
  /** True where commands run as another account, or in a sandbox: then the server's rights must not be used in their folders. */
  readonly confined: boolean;
  /** Guarded HTTP for steps that call an API (`fetch` of the guarded outbound client). */
  readonly fetch: typeof fetch;
  /** The same for servers whose certificates are signed by this one (PEM). */
  fetchTrusting(ca: string): typeof fetch;
  /** The same for archives: the body comes as it arrives, and a redirect is an answer like any other. */
  readonly download: typeof fetch;
  readonly github: StepGithub;
  readonly now: () => Date;
  /** Holds a folder for each app that names none. */
  readonly appsDir: string;
  readonly releases: ReleaseBook;
  /** Set for a task that goes back to an older release (null: the last healthy one) instead of making a new one. */
  readonly goBackTo: { readonly release: string | null } | null;
  /** The same context for putting things back when the task was stopped: its signal gives it another minute. */
  afterStop(): StepContext;
}

/** Access to GitHub's API, as the settings give it. */
export interface StepGithub {
  readonly apiUrl: string;
  /**
   * For a repository (`owner/name`): that of whoever deploys, the settings' own, or one of the GitHub App's; null: there is
   * none. Rejects GithubError.
   */
  token(repository: string): Promise<string | null>;
}

/** What is on record of the releases on this machine. */
export interface ReleaseBook {
  /** Newest first. */
  list(app: string): Promise<readonly Release[]>;
  /** Adds a release of this step, or changes what is known of one. */
  put(release: Omit<Release, "node" | "taskId" | "action" | "step">): Promise<void>;
}

/** What a step can be asked with before there is a task. */
export type PrecheckContext = Pick<StepContext, "signal" | "fetch" | "github" | "log">;

export interface StepResult {
  readonly exitCode: number | null;
  /** Shown as `${{ steps.NAME.outputs.KEY }}` to later steps and to undos. */
  readonly outputs?: Readonly<Record<string, string>>;
}

/** Replaces `${{ … }}` in one string. */
export type Render = (template: string) => string;

/**
 * A kind of step. `O` are its options: what stands under its key in the settings.
 * `run` resolves when the step succeeded and throws AppError `step:failed` (its message becomes the task's reason) when not.
 */
export interface StepKind<O = unknown> {
  /** The key in the settings. */
  readonly kind: string;
  readonly summary: string;
  readonly schema: z.ZodType<O>;
  /** True where `${NAME}` in the options is for the command, a shell's perhaps; elsewhere the settings replace it when read. */
  readonly keepsVariables?: boolean;
  /** The options with `${{ }}` replaced in exactly those fields that may hold it. */
  render(options: O, render: Render): O;
  /** A short line for people: `npm ci`, `git https://… at 1a2b3c`. */
  title(options: O): string;
  run(options: O, context: StepContext): Promise<StepResult>;
  /** For kinds that only look: rejects as `run` would. */
  precheck?(options: O, context: PrecheckContext): Promise<void>;
  /** After a server died in the middle of `run`, on the same machine, where the task is not run again: puts things back. */
  recover?(options: O, context: StepContext): Promise<void>;
}

/**
 * AppError `step:failed` for a command that did not exit with 0: "`npm ci` exited with 1". `details.exit_code` has the code.
 * `label` stands for the command where the argv says less: `The script`.
 */
export function commandFailure(
  argv: readonly string[],
  { exitCode, signal }: Pick<CommandResult, "exitCode" | "signal">,
  label = `\`${formatCommand(argv)}\``,
): AppError {
  const how = exitCode === null ? `was ended by ${signal ?? "a signal"}` : `exited with ${exitCode}`;
  return new AppError("step:failed", `${label} ${how}`, { details: { exit_code: exitCode } });
}
