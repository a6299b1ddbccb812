// Keeps one app running: see control.ts. It belongs to no server, and goes on when the one that began it ends.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from "node:fs";
import { dirname } from "node:path";
import { identityOf } from "../processes/find-marked.ts";
import { ownIdentity } from "../processes/orphaned-launchers.ts";
import { readProcess } from "../processes/proc.ts";
import { readJson, specSchema, stateFileOf, type SupervisorState, writeJson, type AppSpec } from "./spec.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
/** An app that ran for so long starts again at once. */
const STEADY_MS = 60_000;
const MAX_LOG_BYTES = 10 * 1024 * 1024;

const [, , file = ""] = process.argv;
const spec = await readJson(file, specSchema);
if (spec === null) throw new Error(`There is no app to run in ${file}`);
supervise(spec);

function supervise(app: AppSpec): void {
  const state = { supervisor: ownIdentity(), child: null, restarts: 0, lastExit: null } as SupervisorState;
  const log = openLog(app.log);
  let wait = FIRST_WAIT_MS;
  let stopping = false;
  let child: ChildProcess | null = null;
  let timer: NodeJS.Timeout | undefined;
  let kept: Promise<void> = Promise.resolve();

  function tell(change: Partial<SupervisorState>): void {
    Object.assign(state, change);
    const now = { ...state };
    kept = kept.then(() => writeJson(stateFileOf(file), now)).catch(() => undefined);
  }

  function start(): void {
    const [program, ...args] = app.argv;
    const startedAt = Date.now();
    const { cwd, env } = app;
    const made = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    child = made;
    for (const stream of [made.stdout, made.stderr]) {
      stream.on("data", (chunk: Buffer) => log.write(chunk)).on("error", () => undefined);
    }
    made.on("error", (error) => log.write(`hookwright: ${error.message}\n`));
    made.on("close", (code, signal) => ended(signal ?? `exit code ${code ?? "unknown"}`, startedAt));
    const info = made.pid === undefined ? null : readProcess(made.pid);
    tell({ child: info === null ? null : identityOf(info) });
  }

  function ended(how: string, startedAt: number): void {
    child = null;
    if (stopping) return end();
    if (Date.now() - startedAt > STEADY_MS) wait = FIRST_WAIT_MS;
    log.write(`hookwright: the app ended (${how}); it is started again in ${wait} ms\n`);
    tell({ child: null, lastExit: how, restarts: state.restarts + 1 });
    timer = setTimeout(start, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    return undefined;
  }

  function end(): void {
    tell({ child: null });
    void kept.then(() => process.exit(0));
  }

  function stop(): void {
    if (stopping) return;
    stopping = true;
    clearTimeout(timer);
    if (child === null) return end();
    const group = -(child.pid ?? 0);
    kill(group, "SIGTERM");
    setTimeout(() => kill(group, "SIGKILL"), app.graceMs);
    return undefined;
  }

  process.on("SIGTERM", stop);
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  start();
}

function kill(group: number, signal: NodeJS.Signals): void {
  if (group >= 0) return;
  try {
    process.kill(group, signal);
  } catch {
    // It has ended.
  }
}

interface Log {
  write(chunk: Buffer | string): void;
}

/** Two files of `MAX_LOG_BYTES` at most. A disk that is full must not end the app. */
function openLog(path: string): Log {
  mkdirSync(dirname(path), { recursive: true });
  let size = sizeOf(path);
  const open = (): WriteStream =>
    createWriteStream(path, { flags: "a", mode: 0o640 }).on("error", () => undefined);
  let stream = open();
  return {
    write(chunk) {
      size += chunk.length;
      stream.write(chunk);
      if (size < MAX_LOG_BYTES) return;
      stream.end();
      renameSync(path, `${path}.1`);
      size = 0;
      stream = open();
    },
  };
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
