import { setTimeout as sleep } from "node:timers/promises";
import { identityOf } from "./find-marked.ts";
import { listProcesses, type ProcessInfo, readProcess, variableOf } from "./proc.ts";

/** In a launcher's environment: the process that it works for, see `ownIdentity`. */
export const LAUNCHER_OF = "HOOKWRIGHT_LAUNCHER_OF";

/** Names this process for ever; empty where there is no /proc. */
export function ownIdentity(): string {
  const own = readProcess(process.pid);
  return own === null ? "" : identityOf(own);
}

const POLL_MS = 5;
const KILL_MS = 5_000;

/**
 * Ends the launchers of servers that are dead. Each ends by itself when it notices; but until then it may still start a
 * command that its server had sent it, after somebody has looked for what is left of that server. Resolves when
 * none is left, with how many there were; what a launcher has just forked and is not yet another program counts as one.
 */
export async function endOrphanedLaunchers(): Promise<number> {
  const deadline = performance.now() + KILL_MS;
  const ended = new Set<string>();
  for (;;) {
    const orphans = orphanedLaunchers();
    if (orphans.length === 0 || performance.now() > deadline) return ended.size;
    for (const orphan of orphans) {
      ended.add(identityOf(orphan));
      kill(orphan);
    }
    await sleep(POLL_MS);
  }
}

function orphanedLaunchers(): ProcessInfo[] {
  const all = listProcesses();
  const alive = new Set(all.map(identityOf));
  return all.filter(({ pid }) => {
    const server = variableOf(pid, LAUNCHER_OF);
    return server !== null && server !== "" && !alive.has(server);
  });
}

function kill({ pid }: ProcessInfo): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, or belongs to another account, as its server did.
  }
}
