import { join } from "node:path";
import { createEmbeddedQueue } from "../queue/embedded.ts";
import type { Queue } from "../queue/queue.ts";
import type { Settings } from "../settings/settings.ts";
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
  const livesOn = options.receive !== false && options.recover !== false;
  if (server.spoolBytes === null || !livesOn) return null;
  return openStore({ kind: "sqlite", path: join(dataDir, "spool.db") });
}

/** Where webhooks may be kept meanwhile, the server does not wait for the store. */
export function openStoreOrLater(
  { settings: { store: location, digest, text }, logger }: Pick<Parts, "settings" | "logger">,
  mayBeLate: boolean,
): Promise<MaybeLate> {
  if (!mayBeLate) return openNow(location);
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

const openNow = async (location: Settings["store"]): Promise<MaybeLate> => ({
  store: await openStore(location),
  opened: null,
});

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
