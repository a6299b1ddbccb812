import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { identityOf } from "../processes/find-marked.ts";
import { readProcess } from "../processes/proc.ts";
import {
  type AppSpec,
  readJson,
  specFile,
  specSchema,
  stateFileOf,
  stateSchema,
  type SupervisorState,
  writeJson,
} from "./spec.ts";
import { siblingModule } from "../sibling-module.ts";

const PROGRAM = fileURLToPath(siblingModule("supervisor-process", import.meta.url));
const POLL_MS = 20;
const START_MS = 15_000;

/**
 * Has a supervisor keep the app running on its port. Resolves once the supervisor is at work; whether the app is well is for a
 * health check. The supervisor is nobody's child: it goes on when this server ends.
 */
export async function startApp(dir: string, spec: AppSpec): Promise<void> {
  await stopApp(dir, spec.port);
  await writeJson(specFile(dir, spec.port), spec);
  await startSupervisor(dir, spec.port);
}

async function startSupervisor(dir: string, port: number): Promise<void> {
  const file = specFile(dir, port);
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, ["--max-semi-space-size=1", PROGRAM, file], {
    cwd: "/",
    // Nothing that marks it as a task's: a cancel must not end it.
    env: { PATH, ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }) },
    detached: true,
    stdio: "ignore",
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The supervisor ended at once (${code ?? "killed"})`)));
  });
  failed.catch(() => undefined);
  child.unref();
  const deadline = Date.now() + START_MS;
  while ((await appState(dir, port)) === null) {
    if (Date.now() > deadline) throw new Error("The supervisor did not begin in time");
    await Promise.race([sleep(POLL_MS), failed]);
  }
  child.removeAllListeners();
}

/** Null when no supervisor works for that port. */
export async function appState(dir: string, port: number): Promise<SupervisorState | null> {
  const state = await readJson(stateFileOf(specFile(dir, port)), stateSchema);
  return state !== null && isAlive(state.supervisor) ? state : null;
}

/** Starts a supervisor again that has died with the machine, or was killed. Returns whether that was needed. */
export async function ensureApp(dir: string, port: number): Promise<boolean> {
  if ((await appState(dir, port)) !== null) return false;
  if ((await readJson(specFile(dir, port), specSchema)) === null) return false;
  await endChild(dir, port, "SIGKILL");
  await startSupervisor(dir, port);
  return true;
}

/** Ends the app and its supervisor, and waits until both are gone. */
export async function stopApp(dir: string, port: number): Promise<void> {
  const state = await readJson(stateFileOf(specFile(dir, port)), stateSchema);
  if (state === null) return;
  if (isAlive(state.supervisor)) kill(pidOf(state.supervisor), "SIGTERM");
  while (isAlive(state.supervisor)) await sleep(POLL_MS);
  // Of a supervisor that was killed, or that had no time to say what it had started.
  await endChild(dir, port, "SIGTERM");
}

async function endChild(dir: string, port: number, signal: NodeJS.Signals): Promise<void> {
  const file = specFile(dir, port);
  const child = (await readJson(stateFileOf(file), stateSchema))?.child ?? null;
  if (child === null || !isAlive(child)) return;
  const graceMs = (await readJson(file, specSchema))?.graceMs ?? 0;
  kill(-pidOf(child), signal);
  const deadline = Date.now() + graceMs;
  while (isAlive(child)) {
    if (Date.now() > deadline) kill(-pidOf(child), "SIGKILL");
    await sleep(POLL_MS);
  }
}

const pidOf = (identity: string): number => Number(identity.split("@")[0]);

function isAlive(identity: string): boolean {
  const found = readProcess(pidOf(identity));
  return found !== null && identityOf(found) === identity;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
