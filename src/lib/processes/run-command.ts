import { spawn, type ChildProcess } from "node:child_process";
import { createLineSplitter, type LineSplitter } from "../lines.ts";
import type { Masker } from "../masking.ts";
import { createCapture } from "./capture.ts";
import { drain } from "./drain.ts";
import { startFailure } from "./start-failure.ts";

export interface RunCommandOptions {
  /** `argv[0]` is looked up in the PATH of `env`. No shell. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** All of the command's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to its standard input, which is otherwise empty. */
  readonly input?: string | undefined;
  /** Bytes of stdout to keep in the result. Default 0. */
  readonly captureBytes?: number | undefined;
  /** Ends the command when aborted. */
  readonly signal: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Masks the output before it is cut into lines. */
  readonly masker?: Masker | undefined;
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
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
  const { argv, cwd, signal, captureBytes = 0 } = options;
  signal.throwIfAborted();
  const child = await start(options).catch(async (error: unknown) => {
    throw await startFailure({ argv, cwd, env: options.env, error });
  });
  const ended = endOf(child);
  const capture = createCapture(captureBytes);
  const splitters = readOutput(child, options, (chunk) => capture.add(chunk));
  feed(child, options.input);
  const stop = stopOnAbort(child, options);
  const { exitCode, signal: endedBy } = await ended;
  stop();
  await drain(child);
  for (const splitter of splitters) splitter.end();
  signal.throwIfAborted();
  return { exitCode, signal: endedBy, stdout: capture.text() };
}

/**
 * node:child_process itself, not execa: 300 runs of `true` one after the other took 2.1 ms each against 2.6 to 3.0 ms, and of what
 * execa adds (line iteration, its own killing) the process group, the grace and the pipes of grandchildren need own code anyway.
 */
function start({ argv, cwd, env, input }: RunCommandOptions): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const [file = "", ...args] = argv;
    const stdin = input === undefined ? "ignore" : "pipe";
    const child = spawn(file, args, { cwd, env, detached: true, stdio: [stdin, "pipe", "pipe"] });
    if (child.pid === undefined) child.once("error", reject);
    else resolve(child);
  });
}

function endOf(child: ChildProcess): Promise<Pick<CommandEnd, "exitCode" | "signal">> {
  return new Promise((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

function readOutput(
  child: ChildProcess,
  { onLine, masker }: RunCommandOptions,
  capture: (chunk: Buffer) => void,
): LineSplitter[] {
  return (["stdout", "stderr"] as const).map((name) => {
    const splitter = createLineSplitter({ onLine: (line) => onLine(name, line), filter: masker?.stream() });
    child[name]?.on("data", (chunk: Buffer) => {
      if (name === "stdout") capture(chunk);
      splitter.push(chunk);
    });
    // A pipe that breaks has nothing more to say; how the command ended says the rest.
    child[name]?.on("error", () => undefined);
    return splitter;
  });
}

/** A command that ends without reading all of it is none of our business. */
function feed(child: ChildProcess, input: string | undefined): void {
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
}

/** Returns the function that ends the watch. */
function stopOnAbort(child: ChildProcess, { signal, graceMs }: RunCommandOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    killGroup(child, "SIGTERM");
    timer = setTimeout(() => killGroup(child, "SIGKILL"), graceMs);
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return () => {
    signal.removeEventListener("abort", stop);
    clearTimeout(timer);
  };
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
