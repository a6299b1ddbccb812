import { setTimeout as sleep } from "node:timers/promises";
import { createMemory, findMarked, identityOf, type Memory } from "./find-marked.ts";
import { commandOf, readProcess, type ProcessInfo } from "./proc.ts";

export interface EndMarkedOptions {
  readonly name: string;
  readonly value: string;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** What earlier looks found belongs to it too, also where nothing marks it any more. Default: nothing. */
  readonly memory?: Memory;
}

export interface NamedProcess {
  readonly pid: number;
  /** Its argv in one line. */
  readonly command: string;
}

export interface EndedProcesses {
  /** All that were found to run. */
  readonly found: readonly NamedProcess[];
  /** Those that still run: another account's, or stuck in the kernel. */
  readonly left: readonly NamedProcess[];
}

const POLL_MS = 20;
/** A look at a full machine takes milliseconds, and a grace period may be long. */
const SLOW_POLL_MS = 200;
/** How long SIGKILL may take to show, and new forks may keep appearing. */
const KILL_MS = 5_000;
/** Looks until all are stopped; two or three do unless something forks very fast. */
const MAX_ROUNDS = 50;

/**
 * Ends every process that was started with `NAME=VALUE` in its environment, its descendants, and the members of its process
 * groups and sessions: SIGTERM, the grace period, SIGKILL, then looks again until nothing is left. Never ends itself or an
 * ancestor of itself.
 *
 * Limits: a process that cleared its environment AND left the session AND whose parent had ended before the first look
 * (of `memory`, or here) can't be told from a stranger; another account's environment can be read by root alone. Without /proc (not Linux)
 * nothing is found.
 */
export async function endMarked(options: EndMarkedOptions): Promise<EndedProcesses> {
  const { name, value, graceMs, memory = createMemory() } = options;
  const found = new Map<string, NamedProcess>();
  const look = (): ProcessInfo[] => {
    const live = findMarked(`${name}=${value}`, memory);
    for (const process of live) remember(found, process);
    return live;
  };
  const terminated = await terminate(look, graceMs);
  const left = terminated.length === 0 ? [] : await killUntilGone(look);
  return { found: [...found.values()], left: left.map(named) };
}

function remember(found: Map<string, NamedProcess>, process: ProcessInfo): void {
  const identity = identityOf(process);
  if (!found.has(identity)) found.set(identity, named(process));
}

const named = ({ pid }: ProcessInfo): NamedProcess => ({ pid, command: commandOf(pid) });

/** A process that is just becoming another program has no environment to see: only a second look that finds none is sure. */
const SURE = 2;

/** SIGTERM to each once, also to those that appear meanwhile. Resolves with those that the time was too short for. */
async function terminate(look: () => ProcessInfo[], graceMs: number): Promise<ProcessInfo[]> {
  const deadline = performance.now() + graceMs;
  const signalled = new Set<string>();
  let pause = POLL_MS;
  for (let empty = 0; ;) {
    const live = look();
    empty = live.length === 0 ? empty + 1 : 0;
    if (empty === SURE) return [];
    for (const process of live) {
      if (!signalled.has(identityOf(process))) send(process, "SIGTERM");
      signalled.add(identityOf(process));
    }
    const rest = deadline - performance.now();
    if (live.length > 0 && rest <= 0) return live;
    await sleep(empty > 0 ? POLL_MS : Math.min(pause, rest));
    pause = Math.min(pause * 2, SLOW_POLL_MS);
  }
}

/** Resolves with those that SIGKILL did not end. */
async function killUntilGone(look: () => ProcessInfo[]): Promise<ProcessInfo[]> {
  const deadline = performance.now() + KILL_MS;
  for (let empty = 0; ;) {
    const live = freeze(look);
    empty = live.length === 0 ? empty + 1 : 0;
    for (const process of live) send(process, "SIGKILL");
    if (empty === SURE || performance.now() > deadline) return live;
    await sleep(POLL_MS);
  }
}

/**
 * Stops them all before one is killed: a stopped parent can neither fork nor die and leave a child that nobody can tell
 * from a stranger.
 */
function freeze(look: () => ProcessInfo[]): ProcessInfo[] {
  const stopped = new Set<string>();
  for (let round = 1; ; round += 1) {
    const live = look();
    const moving = live.filter((process) => !stopped.has(identityOf(process)));
    if (moving.length === 0 || round === MAX_ROUNDS) return live;
    for (const process of moving) {
      send(process, "SIGSTOP");
      stopped.add(identityOf(process));
    }
  }
}

/** Only when the pid is still that process. */
function send(target: ProcessInfo, signal: NodeJS.Signals): void {
  if (readProcess(target.pid)?.start !== target.start) return;
  try {
    process.kill(target.pid, signal);
  } catch {
    // It has ended, or belongs to another account: the next look tells.
  }
}
