import {
  type Parts,
  type RunningServer,
  type StartServerOptions,
  checkHere,
  identityOf,
} from "./compose/options.ts";
import { serve } from "./compose/serve.ts";
import { createServices } from "./compose/services.ts";
import { createQueue, openSpoolDisk, openStoreOrLater, shareStore } from "./compose/stores.ts";
import { AppError } from "./domain/errors.ts";
import { nodeId } from "./domain/node.ts";
import { VERSION } from "./http/identity.ts";
import { newId } from "./lib/ids.ts";
import { createLogger, levelOf } from "./lib/logger.ts";
import { originOf } from "./lib/origin.ts";
import { createTellingStore } from "./outbound/telling-store.ts";
import { loadSettings } from "./settings/load.ts";
import type { Settings } from "./settings/settings.ts";
import { createMeteredStore } from "./storage/metered-store.ts";
import { createHoldKeeper } from "./usecases/hold-keeper.ts";
import { MESSAGES, createHub } from "./usecases/hub.ts";
import { createNodeKeeper } from "./usecases/keep-node.ts";
import { createLife } from "./usecases/life.ts";
import { createMeters } from "./usecases/meters.ts";
import { startTraces } from "./usecases/start-traces.ts";
import { createTracedStore } from "./usecases/traced-store.ts";

export type { RunningServer, StartServerOptions } from "./compose/options.ts";

/** What moves a store to PostgreSQL. A server has no use for it, and is not to load its driver. */
export const storeMoving = () => import("./storage/move/move-store.ts");

/** The same: what looks at a store from outside. */
export const storeInspection = () => import("./storage/inspect.ts");

/** The same: what backs a store up, and restores it. */
export const storeBackups = async () => ({
  ...(await import("./storage/backup/create.ts")),
  ...(await import("./storage/backup/restore.ts")),
});

/** Starts the whole server. Rejects with AppError `settings:*`, `store:*` or the reason why it can't listen. */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { env = process.env } = options;
  const settings = options.settings ?? (await readSettings(options.settingsFile, env));
  await checkHere(options, settings);
  const logger = options.logger ?? createLogger({ level: levelOf(env) });
  const spoolDisk = await openSpoolDisk(options, settings);
  const { store: plain, opened } = await openStoreOrLater(
    { options, settings, logger },
    spoolDisk !== null,
  ).catch(async (error: unknown) => {
    await spoolDisk?.close();
    throw error;
  });
  const identity = identityOf(options);
  const node = nodeId(identity.name, newId());
  const traces = await startTraces({ env, logger, version: VERSION, node });
  const meters = createMeters({
    settings: () => services.settings.current(),
    version: VERSION,
    queueStats: () => store.queueStats(),
    running: () => queue.running,
  });
  if (settings.metrics !== null) await meters.start();
  const metered = createMeteredStore(plain, meters);
  const traced = traces === null ? metered : createTracedStore(metered, traces);
  const store = createTellingStore(traced, {
    wake: () => services.outbound.wake(),
    changed: () => services.hub.notify(MESSAGES),
  });
  const place = { url: originOf(settings.server) };
  const parts: Parts = { options, env, settings, logger, store, opened, spoolDisk, place, meters, traces };
  const shared = await shareStore(parts);
  const concurrency = (): number => services.settings.current().work.concurrency;
  const isDoubtful = (since: number): boolean => keeper.wasOutOfTouch(since);
  const queue = await createQueue(parts, {
    node,
    labels: identity.labels,
    concurrency,
    isDoubtful,
    pool: shared?.pool,
  });
  const services = createServices(parts, { queue, node, hub: createHub({ broadcast: shared?.send }) });
  const keeper = createNodeKeeper({ services, queue, identity, leaseMs: settings.work.leaseMs });
  const life = createLife({ services, queue, keeper, holds: createHoldKeeper({ services }) });
  shared?.listen(services.hub, keeper);
  life.onEnd(() => shared?.close());
  try {
    const server = await serve(parts, services, life);
    life.onEnd(() => traces?.close());
    return server;
  } catch (error) {
    await life.close();
    await spoolDisk?.close();
    throw error;
  }
}

function readSettings(file: string | undefined, env: NodeJS.ProcessEnv): Promise<Settings> {
  if (file === undefined) throw new AppError("settings:not_found");
  return loadSettings({ file, env });
}
