import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../domain/errors.ts";
import { createEmbeddedQueue } from "../queue/embedded.ts";
import type { Queue } from "../queue/queue.ts";
import type { Settings } from "../settings/settings.ts";
import { spoolPath } from "../settings/spool-path.ts";
import { type MaybeLate, openOrLater } from "../storage/late-store.ts";
import { openStore } from "../storage/open.ts";
import type { SharedStore } from "../storage/postgres/shared.ts";
import type { Store } from "../storage/store.ts";
import type { Parts, StartServerOptions } from "./options.ts";

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
export function openStoreOrLater(
  {
    options,
    settings: { store: location, digest, text },
    logger,
  }: Pick<Parts, "options" | "settings" | "logger">,
  mayBeLate: boolean,
): Promise<MaybeLate> {
  if (!mayBeLate) return openNow(location, livesOn(options) ? logger : null);
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

/** A command that works on the store by itself (`hookwright prune`) must not keep a server from starting. */
const LOCKED_MS = 10_000;
const LOCKED_AGAIN_MS = 100;

/** `logger`: of a server that waits for who has the store; null: nothing waits. */
async function openNow(location: Settings["store"], logger: Parts["logger"] | null): Promise<MaybeLate> {
  const until = performance.now() + LOCKED_MS;
  for (let told = false; ; told = true) {
    try {
      return { store: await openStore(location), opened: null };
    } catch (error) {
      const isLocked = error instanceof AppError && error.code === "store:locked";
      if (!isLocked || logger === null || performance.now() > until) throw error;
      if (!told) logger.info("Another Hookwright has the database open; waiting for it to end");
      await delay(LOCKED_AGAIN_MS);
    }
  }
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
