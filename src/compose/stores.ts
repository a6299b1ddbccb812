import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../domain/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { createEmbeddedQueue } from "../queue/embedded.ts";
import type { Queue } from "../queue/queue.ts";
import type { Settings } from "../settings/settings.ts";
import { spoolPath } from "../settings/spool-path.ts";
import { type MaybeLate, openOrLater } from "../storage/late-store.ts";
import { openStore } from "../storage/open.ts";
import type { SharedStore } from "../storage/postgres/shared.ts";
import type { Store } from "../storage/store.ts";
import type { Parts, StartServerOptions } from "./options.ts";

type Locks = typeof import("../storage/sqlite/locks.ts");
type SqliteLocation = Extract<Settings["store"], { readonly kind: "sqlite" }>;

/** For a server that receives, and is not there for one command only. */
export function openSpoolDisk(
  options: StartServerOptions,
  { server, dataDir }: Settings,
): Promise<Store> | null {
  if (server.spoolBytes === null || !livesOn(options)) return null;
  return openStore({ kind: "sqlite", path: spoolPath(dataDir) });
}

/** False for one that is there for one command only. */
const livesOn = ({ receive, recover }: StartServerOptions): boolean => receive !== false && recover !== false;

/** Where webhooks may be kept meanwhile, the server does not wait for the store. */
export async function openStoreOrLater(
  {
    options,
    settings: { store: location, digest, text },
    logger,
  }: Pick<Parts, "options" | "settings" | "logger">,
  mayBeLate: boolean,
): Promise<MaybeLate> {
  if (!mayBeLate) return { store: await openNow({ options, location, logger }), opened: null };
  return openOrLater({
    async open() {
      const store = await openStore(location);
      // Before anything is stored that goes by them.
      await store.saveSettings({ digest, text, now: new Date().toISOString() });
      return store;
    },
    onLate: (error) =>
      logger.warn({ err: error }, "The store can't be reached yet: webhooks are kept here until it can"),
    onError: (error) => logger.error({ err: error }, "The store can't be opened"),
  });
}

const LOCKED_AGAIN_MS = 50;

interface Opening {
  readonly options: StartServerOptions;
  readonly location: Settings["store"];
  readonly logger: Logger;
}

async function openNow({ options, location, logger }: Opening): Promise<Store> {
  if (location.kind === "postgres") return openStore(location);
  const locks = await import("../storage/sqlite/locks.ts");
  if (livesOn(options)) return openClaimed(location, logger, locks);
  // It would only have to let go at once.
  if (locks.isClaimed(location.path)) {
    throw new AppError("store:locked", `Another Hookwright serves ${location.path}; stop it first`);
  }
  return openStore(location);
}

/** Waits for a command that works on the store by itself (`hookwright prune`) as long as it takes; not for another server. */
async function openClaimed(
  location: SqliteLocation,
  logger: Logger,
  { claimDatabase, holderOf }: Locks,
): Promise<Store> {
  const claim = claimDatabase(location.path);
  try {
    const store = await unlocked(
      () => openStore(location),
      () => {
        const pid = holderOf(location.path);
        logger.warn({ pid }, "A command of Hookwright has the database open; waiting for it to end");
      },
    );
    return {
      ...store,
      async close() {
        await store.close();
        claim.release();
      },
    };
  } catch (error) {
    claim.release();
    throw error;
  }
}

async function unlocked(open: () => Promise<Store>, onLocked: () => void): Promise<Store> {
  for (let told = false; ; told = true) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "store:locked") throw error;
      if (!told) onLocked();
      await delay(LOCKED_AGAIN_MS);
    }
  }
}

/**
 * Whether a server waits for this process, which is there for one command only, to let go of the embedded database.
 */
export async function watchWanted(options: StartServerOptions, { store }: Settings): Promise<() => boolean> {
  if (store.kind === "postgres" || livesOn(options)) return () => false;
  const { isClaimed } = await import("../storage/sqlite/locks.ts");
  return () => isClaimed(store.path);
}

/**
 * What several servers on one PostgreSQL need beside the store; null for the embedded database, which must not pay for it:
 * its engine takes memory and time to load.
 */
export async function shareStore({ settings: { store }, logger }: Parts): Promise<SharedStore | null> {
  const onError = (error: unknown): void => logger.warn({ err: error }, "A connection to PostgreSQL failed");
  if (store.kind === "sqlite") return null;
  const { createSharedStore } = await import("../storage/postgres/shared.ts");
  return createSharedStore({ url: store.url, onError });
}

interface QueueParts {
  readonly node: string;
  readonly labels: readonly string[];
  readonly concurrency: () => number;
  readonly isDoubtful: (since: number) => boolean;
  readonly pool: SharedStore["pool"] | undefined;
}

export async function createQueue({ store, logger }: Parts, { pool, ...rest }: QueueParts): Promise<Queue> {
  const onError = (error: unknown): void => logger.error({ err: error }, "The queue failed");
  const options = { ...rest, store, onError };
  if (pool === undefined) return createEmbeddedQueue(options);
  const { createPostgresQueue } = await import("../queue/postgres.ts");
  return createPostgresQueue({ ...options, pool });
}
