import { createLineSplitter, type LineSplitter } from "../lines.ts";
import type { Masker } from "../masking.ts";
import { createCapture } from "./capture.ts";
import { launch, type Launched, type LaunchOptions, type OutputStream } from "./launcher.ts";
import { startFailure } from "./start-failure.ts";

/** `argv[0]` is looked up in the PATH of `env`. No shell. */
export interface RunCommandOptions extends LaunchOptions {
  /** Bytes of stdout to keep in the result. Default 0. */
  readonly captureBytes?: number | undefined;
  /** Ends the command when aborted. */
  readonly signal: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Masks the output before it is cut into lines. */
  readonly masker?: Masker | undefined;
  readonly onLine: (stream: OutputStream, line: string) => void;
  /** Called before an abort sends the first signal: the last moment to see who belongs to whom. */
  readonly onStop?: (() => void) | undefined;
  /** Called at the command's end where other processes of its group (also a session) are left. */
  readonly onOutlived?: ((group: number) => void) | undefined;
}

/** How a command ended; one of `exitCode` and `signal` is null. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** At most `captureBytes` of stdout, not masked. */
  readonly stdout: string;
}

/**
 * Runs a command in a session and process group of its own and resolves with however it ended. Rejects with
 * CommandStartError when it can't be started. When `signal` aborts, the group gets SIGTERM, after `graceMs` SIGKILL, and the
 * promise rejects with the abort reason once the command has ended.
 * The command's own end counts: background processes of it that hold its output open are not waited for, and what
 * they print later goes nowhere.
 */
export async function runCommand(options: RunCommandOptions): Promise<CommandEnd> {
  const { argv, cwd, env, input, signal, captureBytes = 0 } = options;
  signal.throwIfAborted();
  const capture = createCapture(captureBytes);
  const splitters = createSplitters(options);
  const launched = launch({ argv, cwd, env, input }, (stream, chunk) => {
    if (stream === "stdout") capture.add(chunk);
    splitters[stream].push(chunk);
  });
  const stopWatching = stopOnAbort(launched, options);
  try {
    const { exitCode, signal: endedBy, outlived } = await launched.ended;
    if (outlived !== null) options.onOutlived?.(outlived);
    for (const splitter of Object.values(splitters)) splitter.end();
    signal.throwIfAborted();
    return { exitCode, signal: endedBy, stdout: capture.text() };
  } catch (error) {
    signal.throwIfAborted();
    throw await startFailure({ argv, cwd, env, error });
  } finally {
    stopWatching();
  }
}

function createSplitters({ onLine, masker }: RunCommandOptions): Record<OutputStream, LineSplitter> {
  const create = (name: OutputStream): LineSplitter =>
    createLineSplitter({ onLine: (line) => onLine(name, line), filter: masker?.stream() });
  return { stdout: create("stdout"), stderr: create("stderr") };
}

/** Returns the function that ends the watch. */
function stopOnAbort(launched: Launched, { signal, graceMs, onStop }: RunCommandOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    onStop?.();
    launched.kill("SIGTERM");
    timer = setTimeout(() => launched.kill("SIGKILL"), graceMs);
  };
  signal.addEventListener("abort", stop, { once: true });
  return () => {
    signal.removeEventListener("abort", stop);
    clearTimeout(timer);
  };
}
