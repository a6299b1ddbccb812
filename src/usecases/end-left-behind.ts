import { nodeName } from "../domain/node.ts";
import { endMarked } from "../lib/processes/end-marked.ts";
import { identityOf, listMarked } from "../lib/processes/find-marked.ts";
import { endOrphanedLaunchers } from "../lib/processes/orphaned-launchers.ts";
import { listProcesses } from "../lib/processes/proc.ts";
import { RUN_MARKER } from "./command-env.ts";
import { persist } from "./persist.ts";
import type { Services } from "./services.ts";

const GRACE_MS = 5_000;

/**
 * Where servers share a store, a task of a server that died may have been taken over on another machine, from where nobody
 * can end what still runs here. So the next server here does it. Never rejects. `signal`: this server ends; while the store
 * is away that is not held up.
 */
export async function endLeftBehind(services: Services, signal?: AbortSignal): Promise<void> {
  try {
    await endOrphanedLaunchers();
    const runs = await listMarked(RUN_MARKER);
    // Of this machine: what other machines run is not to be seen here.
    const alive = new Set(listProcesses().map(identityOf));
    const left = [...runs].filter((run) => isOfDeadServer(run, alive));
    await Promise.all(left.map((run) => endRun(services, run, signal)));
  } catch (error) {
    services.logger.error({ err: error }, "Could not look for what a dead server has left running here");
  }
}

function isOfDeadServer(run: string, alive: ReadonlySet<string>): boolean {
  const server = run.slice(0, run.indexOf("/"));
  return server !== "" && !alive.has(server);
}

async function endRun(services: Services, run: string, signal: AbortSignal | undefined): Promise<void> {
  const { store, logger, node } = services;
  const id = run.slice(run.indexOf("/") + 1);
  const task = await persist(() => store.getTask(id), signal);
  // Nobody knows any more how it ended: what it left may be there on purpose.
  if (task === null) return;
  const ranHere = task.node !== null && nodeName(task.node) === nodeName(node);
  // A task that has succeeded here may have left something running on purpose.
  if (ranHere && task.outcome === "succeeded") return;
  const { found, left } = await endMarked({ name: RUN_MARKER, value: run, graceMs: GRACE_MS });
  logger.warn(
    { task: id, ended: found.length - left.length, left: left.length },
    "Ended what a task of a dead server still ran here",
  );
}
